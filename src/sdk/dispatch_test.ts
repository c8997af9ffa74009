import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import { contract, method } from "./contract.ts";
import { Dispatcher, type Outcome, zodIssues } from "./dispatch.ts";
import { createLogger } from "./logger.ts";
import type { CallContext } from "./call_context.ts";
import { SliceError } from "./slice_error.ts";

const input = z.object({ n: z.coerce.number() });
const output = z.object({ n: z.int() });
const counter = contract("org.example:counter", { add: method({ input, output }) });

interface Run {
  readonly outcome: Outcome;
  /** Messages of the log, with their fields as JSON. */
  readonly logs: readonly string[];
}

/** Runs `add` with a handler, without types as the shell does. */
async function run(
  handler: (input: { n: number }, call: CallContext) => unknown,
  given: unknown = { n: "2" },
  contractOfIt = counter,
): Promise<Run> {
  const logs: string[] = [];
  const log = createLogger((level, message, fields) => {
    logs.push(`${level} ${message} ${JSON.stringify(fields)}`);
  });
  const dispatcher = new Dispatcher(contractOfIt, { add: handler });
  const call = { requestId: "r1", log } as CallContext;
  return { outcome: await dispatcher.run("add", given, call), logs };
}

function problemOf({ outcome }: Run) {
  assert.ok(!outcome.ok, "The call should have failed");
  return outcome.problem;
}

Deno.test("Dispatcher.run() validates the input, calls the handler and validates the output", async () => {
  const { outcome, logs } = await run(({ n }) => ({ n: n + 1, secret: 1 }));
  assert.deepEqual(outcome, { ok: true, output: { n: 3 } });
  assert.deepEqual(logs, []);
});

Deno.test("Dispatcher.run() answers at once when the handler does", () => {
  const dispatcher = new Dispatcher(counter, { add: ({ n }: { n: number }) => ({ n }) });
  const outcome = dispatcher.run("add", { n: 1 }, {} as CallContext);
  assert.deepEqual(outcome, { ok: true, output: { n: 1 } });
});

Deno.test("Dispatcher.run() waits for a promise", async () => {
  const { outcome } = await run(({ n }) => Promise.resolve({ n }));
  assert.deepEqual(outcome, { ok: true, output: { n: 2 } });
});

Deno.test("Dispatcher.run() keeps the handlers' this", async () => {
  class Handlers {
    readonly #step = 10;
    add({ n }: { n: number }) {
      return { n: n + this.#step };
    }
  }
  const dispatcher = new Dispatcher(counter, new Handlers());
  const outcome = await dispatcher.run("add", { n: 1 }, {} as CallContext);
  assert.deepEqual(outcome, { ok: true, output: { n: 11 } });
});

Deno.test("Dispatcher.run() refuses wrong input with every problem, without calling", async () => {
  const two = contract("org.example:two", {
    add: method({ input: z.object({ a: z.string(), b: z.object({ c: z.int() }) }), output }),
  });
  const dispatcher = new Dispatcher(two, { add: () => assert.fail("It was called") });
  const outcome = await dispatcher.run(
    "add",
    { b: { c: 0.5 } },
    { requestId: "r1" } as CallContext,
  );
  assert.ok(!outcome.ok);
  assert.equal(outcome.problem.code, "E5003");
  assert.ok("issues" in outcome.problem && "requestId" in outcome.problem);
  assert.deepEqual(outcome.problem.issues?.map(({ path }) => path), ["a", "b.c"]);
  assert.equal(outcome.problem.requestId, "r1");
});

Deno.test("Dispatcher.run() keeps wrong output to the log", async () => {
  for (const value of [{ n: 0.5 }, undefined, null, "n", [1]]) {
    const done = await run(() => value);
    assert.equal(problemOf(done).code, "E5004");
    assert.equal(problemOf(done).detail.includes("0.5"), false);
    assert.match(done.logs.join(), /^error Output does not match the contract .*"method":"add"/);
  }
});

Deno.test("Dispatcher.run() tells a SliceError to the caller, thrown or rejected", async () => {
  const error = new SliceError("SOLD_OUT", "Nothing is left", { status: 409, data: { left: 0 } });
  const thrown = await run(() => {
    throw error;
  });
  const rejected = await run(() => Promise.reject(error));
  for (const done of [thrown, rejected]) {
    assert.deepEqual(problemOf(done), error.toProblem());
    assert.deepEqual(done.logs, []);
  }
});

Deno.test("Dispatcher.run() passes on the failures of calls and resources", async () => {
  const done = await run(() => Promise.reject(new AetherError("NO_INSTANCE", "None runs")));
  assert.equal(problemOf(done).code, "E5008");
  assert.equal(problemOf(done).detail, "None runs");
});

Deno.test("Dispatcher.run() hides any other failure from the caller and logs it", async () => {
  const secret = "password 123";
  const failures: (() => unknown)[] = [
    () => {
      throw new Error(secret);
    },
    () => Promise.reject(new TypeError(secret)),
    () => Promise.reject(secret),
    () => {
      throw Object.assign(new Error(secret), { stack: undefined });
    },
    () => Promise.reject(undefined),
  ];
  for (const [index, handler] of failures.entries()) {
    const done = await run(handler);
    assert.equal(problemOf(done).code, "E5005");
    assert.equal(JSON.stringify(problemOf(done)).includes(secret), false);
    assert.match(done.logs.join(), index < 4 ? /Handler failed .*password 123/ : /undefined/);
  }
});

Deno.test("Dispatcher.run() survives schemas that throw or wait", async () => {
  const boom = z.unknown().transform(() => {
    throw new Error("Boom");
  });
  const slow = z.string().refine(() => Promise.resolve(true));
  const parts: [z.ZodType, z.ZodType][] = [[boom, z.any()], [slow, z.any()], [z.any(), boom]];
  for (const [first, second] of parts) {
    const strange = contract("org.example:counter", {
      add: method({ input: first, output: second }),
    });
    const done = await run(() => "text", "text", strange as unknown as typeof counter);
    assert.equal(problemOf(done).code, "E5005");
    assert.equal(done.logs.length, 1);
  }
});

Deno.test("Dispatcher.run() refuses methods that the contract does not have", async () => {
  const dispatcher = new Dispatcher(counter, { add: () => ({ n: 1 }), other: () => ({ n: 2 }) });
  for (const name of ["other", "", "constructor", "__proto__", "toString"]) {
    const outcome = await dispatcher.run(name, {}, { requestId: "r1" } as CallContext);
    assert.ok(!outcome.ok);
    assert.equal(outcome.problem.code, "E5018", name);
  }
});

Deno.test("Dispatcher() wants a function for every method", () => {
  for (const handlers of [undefined, null, {}, { add: 1 }, 5]) {
    assert.throws(
      () => new Dispatcher(counter, handlers),
      /create\(\) of org.example:counter returned no function "add"/,
    );
  }
});

Deno.test("zodIssues() names paths and stops at 50", () => {
  const many = z.array(z.int()).safeParse(Array(60).fill("x"));
  assert.ok(!many.success);
  const issues = zodIssues(many.error);
  assert.equal(issues.length, 50);
  assert.equal(issues[3]?.path, "3");
});
