import assert from "node:assert/strict";
import fc from "fast-check";
import { keys } from "../../protocol/keys.ts";
import { limits } from "../../protocol/limits.ts";
import { World } from "../world_fixture_test.ts";

Deno.test("kv reads, writes and deletes under the slice's prefix", async () => {
  using world = new World();
  assert.equal(await world.result({ op: "entry", key: "a" }), null);
  assert.equal(await world.result({ op: "put", key: "a", value: '{"n":1}' }), 1);
  assert.deepEqual(world.state.list(""), ["slice/org.example:a/a"]);
  assert.equal(world.state.get("slice/org.example:a/a")?.contentType, "application/json");
  assert.deepEqual(await world.result({ op: "entry", key: "a" }), {
    key: "a",
    value: '{"n":1}',
    revision: 1,
  });
  assert.equal(await world.result({ op: "delete", key: "a" }), true);
  assert.equal(await world.result({ op: "delete", key: "a" }), false);
});

Deno.test("kv lists in key order, by prefix, up to a limit", async () => {
  using world = new World();
  for (const key of ["b", "a/2", "a/1", "a"]) {
    await world.result({ op: "put", key, value: `"${key}"` });
  }
  const list = async (prefix: string, limit: number) => {
    const entries = await world.result({ op: "list", prefix, limit }) as { key: string }[];
    return entries.map(({ key }) => key);
  };
  assert.deepEqual(await list("", 1_000), ["a", "a/1", "a/2", "b"]);
  assert.deepEqual(await list("a/", 1_000), ["a/1", "a/2"]);
  assert.deepEqual(await list("", 2), ["a", "a/1"]);
  assert.deepEqual(await list("c", 2), []);
});

Deno.test("kv compares and sets", async () => {
  using world = new World();
  const put = (ifRevision: number) => ({ op: "put", key: "a", value: "1", ifRevision });
  assert.equal(await world.result(put(0)), 1);
  const conflict = await world.problem(put(0));
  assert.deepEqual([conflict.code, conflict.status], ["KV_CONFLICT", 409]);
  assert.deepEqual((conflict as unknown as { data: unknown }).data, {
    key: "a",
    expected: 0,
    actual: 1,
  });
  assert.equal(await world.result(put(1)), 2);
  assert.equal((await world.problem({ op: "delete", key: "a", ifRevision: 1 })).status, 409);
  assert.equal(await world.result({ op: "delete", key: "a", ifRevision: 2 }), true);
  assert.equal(await world.result({ op: "delete", key: "a", ifRevision: 0 }), false);
});

Deno.test("kv confines a slice to its own keys, whatever keys it asks for", async () => {
  using world = new World();
  const others = ["slice/org.example:ab/x", "slice/org.example:b/x", "user/x"];
  for (const key of others) {
    const writer = key.startsWith("user/") ? "user" : "slice";
    const operation = { type: "put" as const, key, value: new Uint8Array(1), contentType: "" };
    world.apply(writer, { compare: [], then: [operation], otherwise: [] });
  }
  const nasty = fc.oneof(
    fc.string({ minLength: 1, maxLength: 30 }),
    fc.constantFrom("../org.example:b/x", "/x", "b/x", "//user/x", "..", "__proto__", ...others),
  );
  await fc.assert(
    fc.asyncProperty(nasty, async (key) => {
      for (const op of ["entry", "put", "delete"]) await world.ask({ op, key, value: "1" });
      const found = await world.ask({ op: "list", prefix: key, limit: 1_000 });
      for (const { key: listed } of (found.result ?? []) as { key: string }[]) {
        assert.ok(!others.includes(listed) && listed.startsWith(key));
      }
      const revisions = others.map((other) => world.state.get(other)?.revision);
      assert.deepEqual(revisions, [1, 2, 3]);
      for (const { compare, then } of world.proposals) {
        for (const item of [...compare, ...then]) {
          assert.ok("key" in item && item.key.startsWith("slice/org.example:a/"));
        }
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("kv names what is wrong with a key or a value", async () => {
  using world = new World();
  for (const key of ["", "a\n", "k".repeat(400), "k".repeat(10_000), "\ud800"]) {
    for (const op of ["entry", "put", "delete"]) {
      assert.equal((await world.problem({ op, key, value: "1" })).name, "KEY_INVALID", op);
    }
  }
  const large = "é".repeat(limits.kvValueBytes / 2) + "e";
  const problem = await world.problem({ op: "put", key: "a", value: large });
  assert.equal(problem.name, "VALUE_TOO_LARGE");
  assert.match(problem.detail, /has 1048577 bytes; the limit is 1048576/);
  assert.equal(world.proposals.length, 0);
});

Deno.test("kv keeps the whole key within the store's limit", async () => {
  using world = new World({ artifactBase: `org.${"e".repeat(100)}:${"n".repeat(150)}` });
  assert.equal(
    (await world.problem({ op: "put", key: "k".repeat(300), value: "1" })).name,
    "KEY_INVALID",
  );
  await world.result({ op: "put", key: "k".repeat(249), value: "1" });
  assert.ok((world.state.list("")[0] ?? "").length <= limits.keyBytes);
});

Deno.test("kv writes with a fence only while the lock is held with that token", async () => {
  using world = new World();
  const lock = "lock/slice/org.example:a/job";
  const hold = (holder: string) =>
    world.apply("user", {
      compare: [],
      then: [
        { type: "grant", lease: holder, ttlMs: 60_000 },
        keys.lock.put(lock, { holder, lease: holder, ttlMs: 60_000 }, holder),
      ],
      otherwise: [],
    }).revision;
  const first = hold("first");
  const put = (token: number, more = {}) => ({
    op: "put",
    key: "a",
    value: "1",
    fence: { name: "job", token },
    ...more,
  });
  await world.result(put(first));
  world.apply("user", { compare: [], then: [{ type: "revoke", lease: "first" }], otherwise: [] });
  const lost = await world.problem(put(first));
  assert.deepEqual([lost.code, lost.status], ["LOCK_LOST", 409]);
  const second = hold("second");
  assert.equal((await world.problem(put(first))).code, "LOCK_LOST");
  assert.equal((await world.problem(put(second, { ifRevision: 0 }))).code, "KV_CONFLICT");
  await world.result(put(second));
  const remove = { op: "delete", key: "a", fence: { name: "job", token: first } };
  assert.equal((await world.problem(remove)).code, "LOCK_LOST");
});
