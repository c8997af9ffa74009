import assert from "node:assert/strict";
import { refused, statusOf, TestApi } from "./setup.ts";

interface Outcome {
  readonly succeeded: boolean;
  readonly revision: number;
  readonly deleted: number;
}

async function txn(api: TestApi, body: unknown, headers = {}): Promise<Outcome> {
  const response = await api.fetch("POST", "/api/txn", { body: JSON.stringify(body), headers });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Outcome;
}

async function revisionOf(response: Response): Promise<number> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return (JSON.parse(text) as { revision: number }).revision;
}

Deno.test("kv answers a read with minRevision when it is applied, without a barrier", async () => {
  await using api = await TestApi.start();
  const revision = await revisionOf(await api.kv("PUT", "a", { body: "1" }));
  api.control.store.readBarrier = () => new Promise(() => {});
  const now = await api.fetch("GET", `/api/kv/a?minRevision=${revision}`);
  assert.equal(await now.text(), "1");
  assert.equal(now.headers.get("x-aether-revision"), String(api.control.store.state.revision));
  const later = api.fetch("GET", `/api/kv?minRevision=${revision + 1}`);
  const next = await revisionOf(await api.kv("PUT", "b", { body: "2" }));
  assert.equal(next, revision + 1);
  const { keys } = await (await later).json() as { keys: { key: string }[] };
  assert.deepEqual(keys.map(({ key }) => key), ["a", "b"]);
});

Deno.test("kv answers 504 for a minRevision that does not come", async () => {
  await using api = await TestApi.start({ management: { requestTimeout: "100ms" } });
  const problem = await refused(await api.fetch("GET", "/api/kv/a?minRevision=999"), "TIMEOUT");
  assert.match(problem.detail, /Revision 999 was not applied/);
});

Deno.test("kv does a PUT with an Idempotency-Key once", async () => {
  await using api = await TestApi.start();
  const send = (body: string, key = "one", extra = {}) =>
    api.kv("PUT", "a", { body, headers: { "idempotency-key": key, ...extra } });
  const first = await revisionOf(await send("1"));
  await revisionOf(await api.kv("PUT", "a", { body: "2" }));
  assert.equal(await revisionOf(await send("1")), first);
  assert.equal(await (await api.kv("GET", "a")).text(), "2");
  assert.equal((await refused(await send("other"), "IDEMPOTENCY_MISMATCH")).status, 422);
  await refused(await send("1", "one", { "if-match": '"9"' }), "IDEMPOTENCY_MISMATCH");
  assert.ok(await revisionOf(await send("1", "two")) > first);
});

Deno.test("kv repeats the answer of a refused or conditional write with an Idempotency-Key", async () => {
  await using api = await TestApi.start();
  const create = (key: string) =>
    api.kv("PUT", "lock", {
      body: "me",
      headers: { "if-none-match": "*", "idempotency-key": key },
    });
  // The key exists after the first one, and yet its repetition is no 412.
  const revision = await revisionOf(await create("mine"));
  assert.equal(await revisionOf(await create("mine")), revision);
  await refused(await create("other"), "PRECONDITION_FAILED");
  assert.equal(await statusOf(await api.kv("DELETE", "lock")), 204);
  await refused(await create("other"), "PRECONDITION_FAILED");
});

Deno.test("kv does a DELETE with an Idempotency-Key once", async () => {
  await using api = await TestApi.start();
  await revisionOf(await api.kv("PUT", "a", { body: "1" }));
  const remove = (key: string) =>
    api.kv("DELETE", "a", { headers: { "idempotency-key": key } }).then(statusOf);
  assert.equal(await remove("one"), 204);
  assert.equal(await remove("one"), 204);
  assert.equal(await remove("two"), 404);
  await revisionOf(await api.kv("PUT", "a", { body: "2" }));
  assert.equal(await remove("one"), 204);
  assert.equal(await (await api.kv("GET", "a")).text(), "2");
});

Deno.test("txn does all of one branch at one revision", async () => {
  await using api = await TestApi.start();
  const set = await txn(api, {
    compare: [{ key: "a", exists: false }],
    then: [{ op: "put", key: "a", value: "1" }, { op: "put", key: "b", value: "1" }],
  });
  assert.ok(set.succeeded);
  for (const key of ["a", "b"]) {
    const response = await api.kv("GET", key);
    assert.equal(response.headers.get("etag"), `"${set.revision}"`);
    assert.equal(await response.text(), "1");
  }
  const swap = {
    compare: [{ key: "a", value: "1" }, { key: "b", revision: set.revision }],
    then: [{ op: "put", key: "a", value: "2" }],
    otherwise: [{ op: "delete", key: "a" }, { op: "delete", key: "none" }],
  };
  assert.ok((await txn(api, swap)).succeeded);
  const refusedSwap = await txn(api, swap);
  assert.deepEqual([refusedSwap.succeeded, refusedSwap.deleted], [false, 1]);
});

Deno.test("txn compares the token of a lock, and takes an Idempotency-Key", async () => {
  await using api = await TestApi.start();
  const acquired = await api.fetch("POST", "/api/locks/jobs%2Fa/acquire", {
    body: JSON.stringify({ holder: "me", lease: "an-unguessable-lease" }),
  });
  const { token, name } = await acquired.json() as { token: number; name: string };
  assert.equal(name, "jobs/a");
  const fenced = (held: number) => ({
    compare: [{ lock: "jobs/a", token: held }],
    then: [{ op: "put", key: "out", value: String(held) }],
  });
  const headers = { "idempotency-key": "k" };
  const first = await txn(api, fenced(token), headers);
  assert.ok(first.succeeded);
  assert.deepEqual(await txn(api, fenced(token), headers), first);
  assert.ok(!(await txn(api, fenced(token + 1))).succeeded);
  const body = JSON.stringify({ lease: "an-unguessable-lease" });
  const released = await api.fetch("POST", "/api/locks/jobs%2Fa/release", { body });
  assert.equal(await statusOf(released), 204);
  assert.ok(!(await txn(api, fenced(token))).succeeded);
});

Deno.test("leases take their keys along when they end", async () => {
  await using api = await TestApi.start();
  const granted = await api.fetch("POST", "/api/leases", { body: '{"ttlMs": 60000}' });
  const { lease } = await granted.json() as { lease: string };
  const path = `/api/kv/here?lease=${lease}`;
  await revisionOf(await api.fetch("PUT", path, { body: "x" }));
  assert.equal(await statusOf(await api.fetch("POST", `/api/leases/${lease}/renew`)), 204);
  assert.equal(await statusOf(await api.fetch("DELETE", `/api/leases/${lease}`)), 204);
  await refused(await api.kv("GET", "here"), "KEY_NOT_FOUND");
  await refused(await api.fetch("PUT", path, { body: "x" }), "LEASE_NOT_FOUND");
  await refused(await api.fetch("DELETE", `/api/leases/${lease}`), "LEASE_NOT_FOUND");
});

Deno.test("locks answer 409 with the holder to others, and wait if asked", async () => {
  await using api = await TestApi.start();
  const acquire = (body: Record<string, unknown>) =>
    api.fetch("POST", "/api/locks/a/acquire", { body: JSON.stringify(body) });
  const first = await (await acquire({ holder: "first" })).json() as { lease: string };
  const problem = await refused(await acquire({ holder: "second" }), "LOCK_HELD");
  assert.match(problem.detail, /held by "first" \(token \d+\)/);
  const waiting = acquire({ holder: "second", waitMs: 20_000 });
  const body = JSON.stringify({ lease: first.lease });
  assert.equal(await statusOf(await api.fetch("POST", "/api/locks/a/release", { body })), 204);
  assert.equal(await statusOf(await waiting), 200);
  await refused(await api.fetch("POST", "/api/locks/a/renew", { body }), "LOCK_LOST");
});

Deno.test("a lease that is not renewed ends by log time", async () => {
  await using api = await TestApi.start();
  await (await api.fetch("POST", "/api/locks/a/acquire", {
    body: '{"holder": "gone", "ttlMs": 1000}',
  })).body?.cancel();
  const next = await api.fetch("POST", "/api/locks/a/acquire", {
    body: '{"holder": "next", "waitMs": 20000}',
  });
  assert.equal(next.status, 200, await next.text());
});
