import assert from "node:assert/strict";
import { bucketCount } from "./digest.ts";
import { MemoryStorage } from "./memory_storage.ts";
import { partitionOf } from "./placement.ts";
import type { StorageReply, StorageRequest } from "./types.ts";

const version = (timeMs: number) => ({ timeMs, counter: 0, writer: "w" });
const value = new Uint8Array([1, 2, 3]);
const scope = "artifacts";
const key = "k";
const partition = partitionOf(key);
const buckets = Array.from({ length: bucketCount }, (_, bucket) => bucket);
const merge = (timeMs: number, of: Uint8Array | undefined, by: "write" | "sync" = "write") =>
  ({ op: "merge", scope, key, entry: { version: version(timeMs), value: of }, by }) as const;
const read = { op: "read", scope, key } as const;

function run(storage: MemoryStorage, ...requests: StorageRequest[]): StorageReply | undefined {
  return requests.map((request) => storage.handle(request)).at(-1);
}

Deno.test("MemoryStorage keeps the newer entry, whichever comes first", () => {
  const storage = new MemoryStorage();
  assert.deepEqual(run(storage, merge(2, value)), { op: "merge", superseded: undefined });
  assert.deepEqual(run(storage, merge(1, undefined)), { op: "merge", superseded: version(2) });
  assert.deepEqual(run(storage, merge(2, value)), { op: "merge", superseded: undefined });
  assert.deepEqual(run(storage, read), { op: "read", entry: { version: version(2), value } });
});

Deno.test("MemoryStorage takes no old write where a tombstone was collected, but a sync", () => {
  const storage = new MemoryStorage();
  const tombstones = [{ key, version: version(5), isTombstone: true }];
  run(storage, merge(5, undefined), { op: "collect", scope, partition, tombstones });
  assert.equal(storage.state(scope, partition).entries, 0);
  assert.deepEqual(run(storage, merge(4, value)), { op: "merge", superseded: version(5) });
  assert.deepEqual(run(storage, merge(4, value, "sync")), { op: "merge", superseded: undefined });
});

Deno.test("MemoryStorage collects a tombstone only when it is still there", () => {
  const storage = new MemoryStorage();
  const tombstones = [{ key, version: version(5), isTombstone: true }];
  run(storage, merge(6, value), { op: "collect", scope, partition, tombstones });
  assert.deepEqual(run(storage, read), { op: "read", entry: { version: version(6), value } });
});

Deno.test("MemoryStorage does not call damaged what is absent, and takes its replacement", () => {
  const storage = new MemoryStorage();
  run(storage, merge(3, value));
  assert.ok(storage.damage(scope, key));
  assert.deepEqual(run(storage, read), { op: "failed", cause: "corrupt" });
  assert.equal(storage.state(scope, partition).damaged, 1);
  assert.deepEqual(run(storage, merge(2, value)), { op: "merge", superseded: version(3) });
  run(storage, merge(3, value, "sync"));
  assert.deepEqual(run(storage, read), { op: "read", entry: { version: version(3), value } });
  assert.equal(storage.state(scope, partition).damaged, 0);
});

Deno.test("MemoryStorage refuses what does not fit and evicts only what may be lost", () => {
  const storage = new MemoryStorage(500);
  const entry = { version: version(1), value: new Uint8Array(200) };
  assert.equal(
    run(storage, { op: "merge", scope: "cache", key: "c", entry, by: "write" })?.op,
    "merge",
  );
  assert.equal(run(storage, { op: "merge", scope, key: "a", entry, by: "write" })?.op, "merge");
  assert.deepEqual(run(storage, { op: "read", scope: "cache", key: "c" }), {
    op: "read",
    entry: undefined,
  });
  assert.deepEqual(run(storage, { op: "merge", scope, key: "b", entry, by: "write" }), {
    op: "failed",
    cause: "full",
  });
  assert.equal(run(storage, { op: "read", scope, key: "a" })?.op, "read");
});

Deno.test("MemoryStorage lists in pages, in the order of keys, and drops a partition", () => {
  const storage = new MemoryStorage();
  const keys = Array.from({ length: 20_000 }, (_, i) => `key${i}`)
    .filter((each) => partitionOf(each) === partition).sort();
  for (const each of keys) {
    run(storage, { ...merge(1, value), key: each });
  }
  const list = (after: string) =>
    run(storage, {
      ...{ op: "list", scope, partition, buckets, after, limit: 5, tombstonesOnly: false },
    });
  const pages: string[] = [];
  for (let after = "";;) {
    const reply = list(after);
    assert.ok(reply?.op === "list");
    pages.push(...reply.listed.map((listed) => listed.key));
    if (reply.isLast) break;
    after = reply.listed.at(-1)?.key ?? "";
  }
  assert.deepEqual(pages, keys);
  run(storage, { op: "drop", scope, partition });
  assert.equal(storage.bytes, 0);
  run(storage, { op: "adopt", revision: 4 }, { op: "adopt", revision: 2 });
  assert.equal(storage.revision, 4);
});
