import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { contract, method } from "../../sdk/contract.ts";
import { kv, type KvHandle, type ResourceSpec } from "../../sdk/resource.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import {
  createClient,
  createResource,
  type Invoke,
  problemToError,
  ResourcePort,
} from "./handles.ts";

const any = z.any();
const audit = contract("org.example:audit", {
  note: method({ input: any, output: any }),
  slow: method({ input: any, output: any, timeoutMs: 500 }),
});

type Method = (input?: unknown, options?: { timeoutMs?: number }) => Promise<unknown>;

/** A client whose calls are answered by this. */
function clientWith(invoke: Invoke): { readonly note: Method; readonly slow: Method } {
  return createClient(audit, invoke) as unknown as { note: Method; slow: Method };
}

/** A resources port whose requests are answered by this; undefined gives no answer. */
async function withPort(
  answer: (request: Record<string, unknown>) => unknown,
  run: (port: ResourcePort, requests: Record<string, unknown>[]) => Promise<void>,
): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const requests: Record<string, unknown>[] = [];
  port1.onmessage = ({ data }) => {
    requests.push(data);
    const reply = answer(data);
    if (reply !== undefined) port1.postMessage({ id: data.id, ...reply });
  };
  const port = new ResourcePort(port2);
  try {
    await run(port, requests);
  } finally {
    port.close();
    port1.close();
  }
}

function kvOf(port: ResourcePort, schema?: z.ZodType): KvHandle<unknown> {
  return createResource("links", kv(schema), port) as KvHandle<unknown>;
}

Deno.test("createClient() sends JSON and answers what comes back", async () => {
  const sent: unknown[] = [];
  const client = clientWith((...call) => {
    sent.push(call);
    return Promise.resolve('{"ok":true}');
  });
  assert.deepEqual(await client.note({ a: [1] }), { ok: true });
  await client.note();
  await client.slow(null);
  await client.slow(1, { timeoutMs: 0 });
  await client.note(() => {});
  assert.deepEqual(sent, [
    ["org.example:audit", "note", '{"a":[1]}', 30_000],
    ["org.example:audit", "note", "null", 30_000],
    ["org.example:audit", "slow", "null", 500],
    ["org.example:audit", "slow", "1", 0],
    ["org.example:audit", "note", "null", 30_000],
  ]);
});

Deno.test("createClient() rejects with the failure, and with what cannot be sent", async () => {
  const lost = new AetherError("NO_INSTANCE", "None runs");
  const failing = clientWith(() => Promise.reject(lost));
  await assert.rejects(() => failing.note(1), lost);
  const client = clientWith(() => assert.fail("It was sent"));
  await assert.rejects(() => client.note(1n), TypeError);
  for (const timeoutMs of [-1, Number.NaN]) {
    await assert.rejects(() => client.note(1, { timeoutMs }), RangeError);
  }
});

Deno.test("createClient() cannot be changed", () => {
  const client = clientWith(() => Promise.resolve("null"));
  assert.throws(() => Object.assign(client, { note: 1 }), TypeError);
  assert.deepEqual(Object.keys(client), ["note", "slow"]);
});

Deno.test("problemToError() gives the errors that a slice can handle", () => {
  const sold = new SliceError("SOLD_OUT", "Nothing is left", { status: 409, data: 1 });
  const error = problemToError(JSON.stringify(sold.toProblem()));
  assert.ok(error instanceof SliceError);
  assert.deepEqual([error.code, error.status, error.data], ["SOLD_OUT", 409, 1]);
  const lost = new AetherError("NO_INSTANCE", "None runs").toProblem();
  const known = problemToError(JSON.stringify(lost));
  assert.ok(known instanceof AetherError);
  assert.deepEqual([known.name, known.message], ["NO_INSTANCE", "None runs"]);
});

Deno.test("problemToError() makes an error of whatever another slice wrote", () => {
  const texts = ["", "{", "null", "5", '"text"', "[]", "{}", '{"name":5}', '{"name":"toString"}'];
  for (const text of texts) assert.ok(problemToError(text) instanceof AetherError, text);
});

Deno.test("ResourcePort gives each answer to its own request, in any order", async () => {
  const { port1, port2 } = new MessageChannel();
  const port = new ResourcePort(port2);
  const seen: { id: number; key: string }[] = [];
  const both = Promise.withResolvers<void>();
  port1.onmessage = ({ data }) => {
    if (seen.push(data) === 2) both.resolve();
  };
  const answers = ["a", "b"].map((key) => port.request({ op: "entry", resource: "links", key }));
  await both.promise;
  port1.postMessage({ id: 99, ok: true, result: "nobody's" });
  for (const { id, key } of seen.toReversed()) port1.postMessage({ id, ok: true, result: key });
  assert.deepEqual(await Promise.all(answers), ["a", "b"]);
  port.close();
  port1.close();
});

Deno.test("ResourcePort.request() rejects with the problem, and with what cannot be cloned", async () => {
  const problem = new SliceError("KV_CONFLICT", "Changed", { status: 409 }).toProblem();
  await withPort(() => ({ ok: false, problem }), async (port) => {
    const request = { op: "entry", resource: "links", key: "a" } as const;
    await assert.rejects(() => port.request(request), (error) => error instanceof SliceError);
    const key = (() => {}) as unknown as string;
    await assert.rejects(() => port.request({ ...request, key }), /could not be cloned/);
  });
});

Deno.test("ResourcePort.request() refuses more than 10000 at a time", async () => {
  await withPort(() => undefined, async (port) => {
    const request = { op: "entry", resource: "links", key: "a" } as const;
    for (let i = 0; i < 10_000; i++) port.request(request);
    await assert.rejects(
      () => port.request(request),
      (error) => error instanceof AetherError && error.name === "OVERLOADED",
    );
  });
});

Deno.test("createResource() refuses a type that the node does not offer", async () => {
  await withPort(() => undefined, (port) => {
    const queue: ResourceSpec<unknown> = { ...kv(), type: "queue" };
    assert.throws(
      () => createResource("jobs", queue, port),
      /Need "jobs" has resource type "queue", which this node does not offer/,
    );
    return Promise.resolve();
  });
});

Deno.test("kv() reads entries and values", async () => {
  const entry = { key: "a", value: '{"n":1}', revision: 7 };
  const answer = ({ key }: Record<string, unknown>) => ({
    ok: true,
    result: key === "a" ? entry : null,
  });
  await withPort(answer, async (port, requests) => {
    const links = kvOf(port);
    assert.deepEqual(await links.entry("a"), { key: "a", value: { n: 1 }, revision: 7 });
    assert.deepEqual(await links.get("a"), { n: 1 });
    assert.equal(await links.entry("b"), undefined);
    assert.equal(await links.get("b"), undefined);
    assert.deepEqual(requests[0], { op: "entry", resource: "links", key: "a", id: 1 });
  });
});

Deno.test("kv() writes JSON with its condition", async () => {
  await withPort(
    ({ op }) => ({ ok: true, result: op === "put" ? 8 : true }),
    async (port, requests) => {
      const links = kvOf(port);
      assert.equal(await links.put("a", { n: 1 }), 8);
      assert.equal(await links.put("a", null, { ifRevision: 7 }), 8);
      assert.equal(await links.delete("a", { ifRevision: 8 }), true);
      assert.deepEqual(requests.map(({ id: _, ...request }) => request), [
        { op: "put", resource: "links", key: "a", value: '{"n":1}' },
        { op: "put", resource: "links", key: "a", value: "null", ifRevision: 7 },
        { op: "delete", resource: "links", key: "a", ifRevision: 8 },
      ]);
    },
  );
});

Deno.test("kv() lists at most what the node gives", async () => {
  const result = [{ key: "a", value: "1", revision: 1 }, { key: "b", value: "2", revision: 2 }];
  await withPort(() => ({ ok: true, result }), async (port, requests) => {
    const links = kvOf(port);
    assert.deepEqual((await links.list("a/")).map(({ value }) => value), [1, 2]);
    await links.list();
    await links.list("", { limit: 5 });
    await links.list("", { limit: 5_000 });
    assert.deepEqual(requests.map(({ prefix, limit }) => [prefix, limit]), [
      ["a/", limits.listMax],
      ["", limits.listMax],
      ["", 5],
      ["", limits.listMax],
    ]);
  });
});

Deno.test("kv() holds to its schema both ways, and stores what the schema makes", async () => {
  const entry = { key: "a", value: '"x"', revision: 1 };
  await withPort(
    ({ op }) => ({ ok: true, result: op === "put" ? 1 : entry }),
    async (port, requests) => {
      const numbers = kvOf(port, z.number());
      await assert.rejects(() => numbers.put("a", "x"), /expected number/);
      await assert.rejects(() => numbers.get("a"), /expected number/);
      const trimmed = kvOf(port, z.string().transform((text) => text === "" ? null : text.trim()));
      await trimmed.put("a", " y ");
      await trimmed.put("a", "");
      assert.deepEqual(requests.slice(1).map(({ value }) => value), ['"y"', "null"]);
    },
  );
});

Deno.test("kv() refuses a value that is too large or no JSON, before it is sent", async () => {
  await withPort(() => assert.fail("It was sent"), async (port) => {
    const links = kvOf(port);
    for (const value of [undefined, () => {}, "x".repeat(limits.kvValueBytes)]) {
      await assert.rejects(
        () => links.put("a", value),
        (error) => error instanceof AetherError && error.name === "VALUE_TOO_LARGE",
      );
    }
    await assert.rejects(() => links.put("a", 1n), TypeError);
  });
});
