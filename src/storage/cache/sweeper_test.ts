import assert from "node:assert/strict";
import { MemoryStorage } from "../../dht/memory_storage.ts";
import type { StorageRequest } from "../../dht/types.ts";
import { encodeCached } from "../../protocol/storage/cache.ts";
import { CacheSweeper } from "./sweeper.ts";

const prefix = "org.example:a/weather/";

class World {
  readonly storage = new MemoryStorage();
  readonly sweeper = new CacheSweeper({
    handle: (requests: readonly StorageRequest[]) =>
      requests.map((request) => this.storage.handle(request)),
  });

  put(key: string, { at = 0, ttlMs = 1_000, maxEntries = 100, maxBytes = 1_000 } = {}) {
    const value = encodeCached({ ttlMs, maxEntries, maxBytes, value: new Uint8Array(10) });
    return this.#merge(key, at, value);
  }

  remove(key: string, at: number) {
    return this.#merge(key, at, undefined);
  }

  get keys(): string[] {
    return [...this.storage.entries("cache")].map(([key]) => key.slice(prefix.length)).sort();
  }

  #merge(key: string, timeMs: number, value: Uint8Array | undefined) {
    return this.storage.handle({
      ...{ op: "merge", scope: "cache", key: prefix + key, by: "write" },
      entry: { version: { timeMs, counter: 0, writer: "n1" }, value },
    });
  }
}

Deno.test("CacheSweeper removes what is over, and nothing late brings it back", async () => {
  const world = new World();
  world.put("a", { at: 0, ttlMs: 100 });
  world.put("b", { at: 0, ttlMs: 200 });
  world.put("c", { at: 50, ttlMs: 100 });
  await world.sweeper.sweep(99);
  assert.deepEqual(world.keys, ["a", "b", "c"]);
  await world.sweeper.sweep(100);
  assert.deepEqual(world.keys, ["b", "c"]);
  const late = world.put("a", { at: 0, ttlMs: 100_000 });
  assert.ok(late.op === "merge" && late.superseded !== undefined);
  assert.deepEqual(world.keys, ["b", "c"]);
  const newer = world.put("a", { at: 120 });
  assert.deepEqual(newer, { op: "merge", superseded: undefined });
  assert.deepEqual(world.sweeper.held(prefix), { entries: 2, bytes: 22, evicted: 0 });
});

Deno.test("CacheSweeper forgets what was removed, but not when", async () => {
  const world = new World();
  world.put("a", { at: 10 });
  world.remove("a", 20);
  assert.deepEqual(world.keys, ["a"]);
  await world.sweeper.sweep(30);
  assert.deepEqual(world.keys, []);
  const late = world.put("a", { at: 15 });
  assert.ok(late.op === "merge" && late.superseded !== undefined);
});

Deno.test("CacheSweeper lets the oldest go of what is more than a cache may have", async () => {
  const world = new World();
  for (let i = 0; i < 20; i++) world.put(`k${i}`, { at: i, maxEntries: 5 });
  await world.sweeper.sweep(20);
  assert.deepEqual(world.keys, ["k15", "k16", "k17", "k18", "k19"]);
  assert.deepEqual(world.sweeper.held(prefix), { entries: 5, bytes: 65, evicted: 15 });
  // The newest value says what is allowed now.
  world.put("k20", { at: 20, maxBytes: 26 });
  await world.sweeper.sweep(21);
  assert.deepEqual(world.keys, ["k19", "k20"]);
  assert.deepEqual(world.sweeper.held(prefix), { entries: 2, bytes: 26, evicted: 19 });
});
