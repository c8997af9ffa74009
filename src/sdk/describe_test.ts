import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import { definitionSchema } from "../protocol/slice/manifest.ts";
import { contract, method } from "./contract.ts";
import { describeDefinition, isSliceDefinition } from "./describe.ts";
import { kv } from "./resource/kv.ts";
import { slice } from "./slice.ts";

const text = z.object({ text: z.string() });
const audit = contract("org.example:audit", { note: method({ input: text, output: text }) });
const echo = contract("org.example:echo", {
  get: method({ input: text, output: text, http: "GET /echo/:text", headers: ["Accept"] }),
  post: method({
    input: text,
    output: text,
    http: "POST /echo",
    status: 201,
    idempotent: true,
    timeoutMs: 500,
    summary: "Says it back",
  }),
  inner: method({ input: text, output: text }),
}, {
  errors: { TOO_LOUD: { status: 422, data: z.object({ db: z.number() }) }, NO: { status: 400 } },
});

const definition = slice(echo, {
  needs: { log: audit, again: audit, store: kv() },
  create: () => ({ get: (input) => input, post: (input) => input, inner: (input) => input }),
});

/** A slice of a JavaScript author, whom no types have stopped. */
function untyped(changes: Record<string, unknown>): Parameters<typeof describeDefinition>[0] {
  return { ...definition, ...changes } as Parameters<typeof describeDefinition>[0];
}

function refusal(changes: Record<string, unknown>): string {
  try {
    describeDefinition(untyped(changes));
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    assert.equal(error.name, "SLICE_INVALID");
    return error.message;
  }
  throw new Error("The definition was described");
}

Deno.test("describeDefinition() tells everything that a manifest needs", () => {
  const description = describeDefinition(definition);
  assert.deepEqual(definitionSchema.parse(description), description);
  assert.equal(description.contract, "org.example:echo");
  assert.deepEqual(description.calls, ["org.example:audit"]);
  assert.deepEqual(description.resources, [{ name: "store", type: "kv", options: {} }]);
  assert.equal(description.errors["NO"]?.data, undefined);
  assert.deepEqual(description.errors["TOO_LOUD"]?.data?.["required"], ["db"]);
});

Deno.test("describeDefinition() fills in the defaults of methods", () => {
  const { methods } = describeDefinition(definition);
  const { input, output, ...get } = methods["get"] ?? assert.fail("get is missing");
  assert.deepEqual(get, {
    http: { method: "GET", path: "/echo/:text", status: 200 },
    idempotent: true,
    timeoutMs: 30_000,
    headers: ["accept"],
  });
  assert.deepEqual(input["required"], ["text"]);
  assert.deepEqual(output["properties"], { text: { type: "string" } });
  assert.deepEqual(methods["post"]?.http, { method: "POST", path: "/echo", status: 201 });
  assert.equal(methods["post"]?.idempotent, true);
  assert.equal(methods["post"]?.timeoutMs, 500);
  assert.equal(methods["post"]?.summary, "Says it back");
  assert.equal(methods["inner"]?.http, undefined);
  assert.equal(methods["inner"]?.idempotent, false);
});

Deno.test("describeDefinition() shows input as it comes and output as it goes", () => {
  const coded = z.object({ at: z.coerce.date(), page: z.number().default(1) });
  const dates = contract("org.example:dates", { m: method({ input: coded, output: coded }) });
  const { methods } = describeDefinition(slice(dates, { create: () => ({ m: (input) => input }) }));
  assert.deepEqual(methods["m"]?.input["required"], ["at"]);
  assert.deepEqual(methods["m"]?.output["required"], ["at", "page"]);
});

Deno.test("describeDefinition() names a need that is none", () => {
  for (const need of [null, 1, "kv", {}, { kind: "other" }, () => {}]) {
    assert.match(refusal({ needs: { links: need } }), /^Need "links" is neither/);
  }
});

Deno.test("describeDefinition() names a schema that JSON Schema cannot say", () => {
  const methods = (input: unknown) => ({ contract: { ...echo, methods: { m: { input } } } });
  assert.match(refusal(methods({})), /^The input of m has a schema that cannot/);
});

Deno.test("describeDefinition() answers plain JSON, whatever a schema's metadata holds", () => {
  const input = z.string().meta({ check: () => true });
  const { methods } = describeDefinition(
    untyped({ contract: { ...echo, methods: { m: method({ input, output: input }) } } }),
  );
  assert.deepEqual(structuredClone(methods["m"]?.input["type"]), "string");
  assert.deepEqual(structuredClone(methods), methods);
});

Deno.test("isSliceDefinition() takes what slice() makes and nothing else", () => {
  assert.ok(isSliceDefinition(definition));
  const wrong: unknown[] = [
    undefined,
    null,
    1,
    "slice",
    () => {},
    {},
    echo,
    { ...definition, kind: "contract" },
    { ...definition, contract: null },
    { ...definition, contract: {} },
    { ...definition, needs: undefined },
    { ...definition, needs: null },
    { ...definition, create: undefined },
  ];
  for (const value of wrong) assert.equal(isSliceDefinition(value), false);
});

Deno.test("describeDefinition() tells the interceptors with their defaults", () => {
  const { interceptors } = describeDefinition(slice(echo, {
    interceptors: { "*": { metrics: {} }, get: { retry: {}, timeout: { afterMs: 50 } } },
    create: () => ({ get: (input) => input, post: (input) => input, inner: (input) => input }),
  }));
  assert.deepEqual(interceptors, {
    "*": { metrics: {} },
    get: {
      retry: { maxAttempts: 3, delayMs: 100, maxDelayMs: 10_000 },
      timeout: { afterMs: 50 },
    },
  });
  assert.equal(describeDefinition(definition).interceptors, undefined);
});

Deno.test("describeDefinition() refuses interceptors that are not valid or of no method", () => {
  assert.match(refusal({ interceptors: { none: {} } }), /"none", which is no method of/);
  assert.match(refusal({ interceptors: { get: { cache: {} } } }), /interceptors .* are not valid/);
  assert.match(refusal({ interceptors: { get: { retry: { maxAttempts: 99 } } } }), /not valid/);
});
