import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { contract, method } from "../../sdk/contract.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import { createClient, type Invoke, problemToError } from "./client.ts";

const any = z.any();
const audit = contract("org.example:audit", {
  note: method({ input: any, output: any }),
  slow: method({ input: any, output: any, timeoutMs: 500 }),
});

type Method = ((input?: unknown, options?: unknown) => Promise<unknown>) & {
  send(input: unknown, options?: unknown): Promise<void>;
};

/** A client whose calls are answered by this. */
function clientWith(invoke: Invoke): { readonly note: Method; readonly slow: Method } {
  return createClient(audit, invoke) as unknown as { note: Method; slow: Method };
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
  await client.note.send(1, { affinityKey: "user-1" });
  const options = { timeoutMs: 30_000, affinity: undefined, oneWay: false };
  assert.deepEqual(sent, [
    ["org.example:audit", "note", '{"a":[1]}', options],
    ["org.example:audit", "note", "null", options],
    ["org.example:audit", "slow", "null", { ...options, timeoutMs: 500 }],
    ["org.example:audit", "slow", "1", { ...options, timeoutMs: 0 }],
    ["org.example:audit", "note", "null", options],
    ["org.example:audit", "note", "1", { ...options, affinity: "user-1", oneWay: true }],
  ]);
  for (const affinityKey of ["", "x".repeat(257)]) {
    await assert.rejects(client.note(1, { affinityKey }), /affinityKey has \d+ characters/);
  }
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
