import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { limits } from "../../protocol/limits.ts";
import type { CacheFigures } from "../../sdk/resource/cache.ts";
import { createLogger } from "../../sdk/logger.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import type { ResourceSession } from "../factory.ts";
import { readOptions } from "../check.ts";
import type { ResourceFactory } from "../factory.ts";
import { cacheFactory, SharedCache } from "./cache.ts";
import { storageLine } from "./topic.ts";

/** A section with its clock, and a storage thread that answers like this. */
function world(
  section: Record<string, unknown> = {},
  storage: (topic: string, ask: Record<string, unknown>) => unknown = () => assert.fail("Asked"),
) {
  const { options, issues } = readOptions(cacheFactory as ResourceFactory, {
    type: "cache",
    ...section,
  });
  assert.deepEqual(issues, []);
  const clock = new ManualClock();
  const line = {
    ask: (topic: string, ask: unknown) =>
      Promise.try(() => storage(topic, ask as Record<string, unknown>)),
  };
  const shared = new SharedCache(options as never, {
    section: "weather",
    log: createLogger(() => {}),
    changed: () => {},
    extension: (key) => key === storageLine as unknown ? line as never : assert.fail(key.name),
  }, clock);
  const session = (artifactBase = "org.example:a") =>
    shared.session({ instance: "n1/a/1", artifactBase, hosts: [], notify: () => {} });
  return { clock, shared, session };
}

const look = (session: ResourceSession, key = "k") =>
  session.call({ op: "look", key }) as Promise<{ value?: string; flight?: number }>;
const figures = async (session: ResourceSession) =>
  await session.call({ op: "figures" }) as CacheFigures;

Deno.test("cache keeps values for their time, at most that of the section", async () => {
  const { clock, session } = world({ ttl: "10s" });
  const it = session();
  await it.call({ op: "put", key: "a", value: "1" });
  await it.call({ op: "put", key: "b", value: "2", ttlMs: 1_000 });
  await it.call({ op: "put", key: "c", value: "3", ttlMs: 60_000 });
  const all = () => Promise.all(["a", "b", "c"].map((key) => it.call({ op: "get", key })));
  assert.deepEqual(await all(), ["1", "2", "3"]);
  clock.advance(1_000);
  assert.deepEqual(await all(), ["1", null, "3"]);
  clock.advance(9_000);
  assert.deepEqual(await all(), [null, null, null]);
  await it.call({ op: "put", key: "a", value: "4" });
  await it.call({ op: "delete", key: "a" });
  assert.deepEqual(await figures(it), {
    ...{ hits: 5, misses: 4, shared: 0, failures: 0, evicted: 0, entries: 0, bytes: 0 },
  });
});

Deno.test("cache is one for the instances of a slice, and another one for other slices", async () => {
  const { session, shared } = world();
  const [first, second, other] = [session(), session(), session("org.example:b")];
  await first.call({ op: "put", key: "a", value: "1" });
  assert.equal(await second.call({ op: "get", key: "a" }), "1");
  assert.equal(await other.call({ op: "get", key: "a" }), null);
  first.close();
  assert.equal(await second.call({ op: "get", key: "a" }), "1");
  assert.deepEqual(shared.figures(), { hits: 2, misses: 1, shared: 0, failures: 0 });
});

Deno.test("cache lets one compute while all others wait for the value", async () => {
  const { session } = world();
  const [first, second] = [session(), session()];
  const { flight } = await look(first);
  const waiting = [look(second), look(first)];
  await first.call({ op: "fill", flight, value: "5" });
  assert.deepEqual(await Promise.all(waiting), [{ value: "5" }, { value: "5" }]);
  assert.deepEqual(await look(second), { value: "5" });
  const { hits, misses, shared } = await figures(first);
  assert.deepEqual([hits, misses, shared], [1, 1, 2]);
});

Deno.test("cache gives a failed computation's error to all who wait, and keeps nothing", async () => {
  const { session } = world();
  const [first, second] = [session(), session()];
  const { flight } = await look(first);
  const waiting = [look(second), look(first)].map((each) => each.then(() => "value", (e) => e));
  const error = new SliceError("NO_STATION", "No station", { status: 404 });
  await first.call({ op: "fail", flight, problem: JSON.stringify(error.toProblem()) });
  for (const seen of await Promise.all(waiting)) {
    assert.ok(seen instanceof SliceError);
    assert.deepEqual([seen.code, seen.status], ["NO_STATION", 404]);
  }
  assert.ok("flight" in await look(second));
});

Deno.test("cache lets the next one compute when the instance ends that began", async () => {
  const { session } = world();
  const [first, second] = [session(), session()];
  await look(first);
  const waiting = look(second);
  first.close();
  const { flight } = await waiting;
  await second.call({ op: "fill", flight, value: "1" });
  assert.deepEqual(await look(second), { value: "1" });
});

Deno.test("cache waits for a computation no longer than computeTimeout", async () => {
  const { clock, session } = world({ computeTimeout: "1s" });
  const [first, second] = [session(), session()];
  const { flight } = await look(first);
  const waiting = look(second);
  clock.advance(1_000);
  await assert.rejects(waiting, {
    name: "TIMEOUT",
    message: 'The value of key "k" was not computed within 1000 ms',
  });
  await first.call({ op: "fill", flight, value: "1" });
});

Deno.test("cache counts a computation no longer than its time", async () => {
  const { clock, session } = world({ computeTimeout: "1s" });
  const it = session();
  for (let n = 0; n < 1_000; n++) await look(it, `k${n}`);
  await assert.rejects(look(it), { name: "OVERLOADED" });
  clock.advance(1_000);
  await figures(it);
  assert.ok("flight" in await look(it));
});

Deno.test("cache does not keep what was computed after its time, over what was written meanwhile", async () => {
  const { clock, session } = world({ computeTimeout: "1s" });
  const it = session();
  const { flight } = await look(it);
  clock.advance(1_000);
  await it.call({ op: "put", key: "k", value: '"new"' });
  await it.call({ op: "fill", flight, value: '"old"' });
  assert.equal(await it.call({ op: "get", key: "k" }), '"new"');
});

Deno.test("cache does not keep what was computed before a write or a removal", async () => {
  const { session } = world();
  const it = session();
  const { flight } = await look(it);
  const waiting = look(it);
  await it.call({ op: "delete", key: "k" });
  const later = await look(it);
  await it.call({ op: "fill", flight, value: '"old"' });
  assert.deepEqual(await waiting, { value: '"old"' });
  assert.equal(await it.call({ op: "get", key: "k" }), null);
  await it.call({ op: "fill", flight: later.flight, value: '"new"' });
  assert.equal(await it.call({ op: "get", key: "k" }), '"new"');
});

Deno.test("cache refuses keys and values outside its limits, with numbers", async () => {
  const { session } = world({ maxBytes: "1KiB", maxEntries: 2 });
  const it = session();
  const put = (key: string, value: string) => it.call({ op: "put", key, value });
  const size = limits.cacheValueBytes + 1;
  await assert.rejects(put("a", "x".repeat(size)), {
    message: `The value of key "a" has ${size} bytes; the limit is ${limits.cacheValueBytes}`,
  });
  await assert.rejects(put("a", "x".repeat(2_000)), {
    message: 'Key "a" and its value have 2001 bytes; maxBytes of the section is 1024',
  });
  for (const key of ["", "a\n", "x".repeat(400)]) {
    await assert.rejects(put(key, "1"), { name: "KEY_INVALID" });
  }
  await assert.rejects(it.call({ op: "put", key: "a", value: "1", ttlMs: 0 }), {
    name: "REQUEST_INVALID",
  });
  for (const key of ["a", "b", "c"]) await put(key, "1");
  const { entries, evicted } = await figures(it);
  assert.deepEqual([entries, evicted], [2, 1]);
});

Deno.test("cache in the DHT asks the storage thread, and is a miss while that fails", async () => {
  const asked: unknown[] = [];
  let isDown = false;
  const kept = new Map<unknown, unknown>();
  const { session } = world(
    { scope: "distributed", ttl: "1m", maxEntries: 5, maxBytes: "1MiB" },
    (topic, { key, value, ...rest }) => {
      asked.push([topic, key, rest]);
      if (isDown) throw new Error("Down");
      if (topic === "cache.put") kept.set(key, value);
      return topic === "cache.held" ? { entries: 1, bytes: 2, evicted: 0 } : kept.get(key);
    },
  );
  const it = session();
  const { flight } = await look(it);
  await it.call({ op: "fill", flight, value: "1" });
  assert.deepEqual(await look(it), { value: "1" });
  const key = "org.example:a/weather/k";
  assert.deepEqual(asked, [
    ["cache.get", key, {}],
    ["cache.put", key, { ttlMs: 60_000, maxEntries: 5, maxBytes: 1_048_576 }],
    ["cache.get", key, {}],
  ]);
  isDown = true;
  const missed = await look(it);
  await it.call({ op: "fill", flight: missed.flight, value: "2" });
  assert.equal(await it.call({ op: "get", key: "k" }), null);
  await assert.rejects(it.call({ op: "delete", key: "k" }), /Down/);
  isDown = false;
  const { failures, entries } = await figures(it);
  assert.deepEqual([failures, entries], [3, 1]);
});
