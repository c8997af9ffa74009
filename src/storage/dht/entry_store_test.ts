import assert from "node:assert/strict";
import { join } from "node:path";
import { bucketCount } from "../../dht/digest.ts";
import { partitionOf } from "../../dht/placement.ts";
import type { StorageReply, StorageRequest } from "../../dht/types.ts";
import { DiskStore } from "./disk_store.ts";
import type { EntryStore } from "./entry_store.ts";
import { MemoryStore } from "./memory_store.ts";

const version = (timeMs: number) => ({ timeMs, counter: 0, writer: "w" });
const value = new Uint8Array([1, 2, 3]);
const scope = "artifacts";
const key = "k";
const partition = partitionOf(key);
const buckets = Array.from({ length: bucketCount }, (_, bucket) => bucket);
const merge = (timeMs: number, of: Uint8Array | undefined, by: "write" | "sync" = "write") =>
  ({ op: "merge", scope, key, entry: { version: version(timeMs), value: of }, by }) as const;
const read = { op: "read", scope, key } as const;
const stored = { op: "merge", superseded: undefined } as const;

/** Requests one by one; the last reply. */
function run(store: EntryStore, ...requests: StorageRequest[]): StorageReply | undefined {
  return requests.flatMap((request) => store.handle([request])).at(-1);
}

function disk(folder: string, bytesMax = Infinity): DiskStore {
  const path = join(folder, "dht.db");
  return DiskStore.open({ path, name: "s1", bytesMax, cacheBytesMax: 1000 });
}

interface Opened extends Disposable {
  readonly store: EntryStore;
}

const kinds: Readonly<Record<string, (bytesMax?: number) => Opened>> = {
  MemoryStore: (bytesMax = Infinity) => {
    const store = new MemoryStore({ name: "s1", bytesMax });
    return { store, [Symbol.dispose]: () => store.close() };
  },
  DiskStore: (bytesMax) => {
    const folder = Deno.makeTempDirSync();
    const store = disk(folder, bytesMax);
    return {
      store,
      [Symbol.dispose]: () => {
        store.close();
        Deno.removeSync(folder, { recursive: true });
      },
    };
  },
};

for (const [kind, open] of Object.entries(kinds)) {
  Deno.test(`${kind} keeps the newer entry, whichever comes first`, () => {
    using opened = open();
    const { store } = opened;
    assert.deepEqual(run(store, merge(2, value)), stored);
    assert.deepEqual(run(store, merge(1, undefined)), { op: "merge", superseded: version(2) });
    assert.deepEqual(run(store, merge(2, value)), stored);
    assert.deepEqual(run(store, read), { op: "read", entry: { version: version(2), value } });
    assert.deepEqual(run(store, merge(3, undefined)), stored);
    const tombstone = { version: version(3), value: undefined };
    assert.deepEqual(run(store, read), { op: "read", entry: tombstone });
    const { entries, tombstones, bytes } = store.usage(scope);
    assert.deepEqual([entries, tombstones], [1, 1]);
    assert.ok(bytes < 200);
  });

  Deno.test(`${kind} does several requests at once as one after the other`, () => {
    using opened = open();
    using other = open();
    const requests = [merge(1, value), merge(3, undefined), merge(2, value), merge(4, value), read];
    const replies = opened.store.handle(requests);
    assert.deepEqual(replies, requests.map((request) => run(other.store, request)));
    const digests = { op: "digests", scope, partitions: [partition] } as const;
    assert.deepEqual(run(opened.store, digests), run(other.store, digests));
  });

  Deno.test(`${kind} has digests of what it holds, in whatever order that came`, () => {
    using a = open();
    using b = open();
    const writes = Array.from({ length: 50 }, (_, i) => ({ ...merge(i + 1, value), key: `k${i}` }));
    run(a.store, ...writes, ...writes.map((write) => ({ ...write, key: "same" })));
    run(b.store, { ...merge(50, value), key: "same" }, ...writes.toReversed());
    const partitions = Array.from({ length: 1024 }, (_, index) => index);
    const digests = (store: EntryStore) => {
      const reply = run(store, { op: "digests", scope, partitions });
      assert.ok(reply?.op === "digests");
      return reply.states.map((state) => state.buckets);
    };
    assert.deepEqual(digests(a.store), digests(b.store));
    run(b.store, merge(1, value));
    assert.notDeepEqual(digests(a.store), digests(b.store));
  });

  Deno.test(`${kind} takes no old write where a tombstone was collected, but a sync`, () => {
    using opened = open();
    const { store } = opened;
    const tombstones = [{ key, version: version(5), isTombstone: true }];
    run(store, merge(5, undefined), { op: "collect", scope, partition, tombstones });
    assert.equal(store.usage(scope).entries, 0);
    assert.deepEqual(run(store, merge(4, value)), { op: "merge", superseded: version(5) });
    assert.deepEqual(run(store, merge(4, value, "sync")), stored);
  });

  Deno.test(`${kind} collects a tombstone only when it is still there`, () => {
    using opened = open();
    const tombstones = [{ key, version: version(5), isTombstone: true }];
    run(opened.store, merge(6, value), { op: "collect", scope, partition, tombstones });
    const entry = { version: version(6), value };
    assert.deepEqual(run(opened.store, read), { op: "read", entry });
  });

  Deno.test(`${kind} refuses what does not fit, and goes on`, () => {
    using opened = open(700);
    const { store } = opened;
    const entry = { version: version(1), value: new Uint8Array(450) };
    assert.deepEqual(run(store, { ...merge(1, value), entry }), stored);
    const more = { ...merge(1, value), key: "more", entry };
    assert.deepEqual(run(store, more), { op: "failed", cause: "full" });
    assert.deepEqual(store.handle([more, read]).map((reply) => reply.op), ["failed", "read"]);
    assert.deepEqual(run(store, merge(2, undefined)), stored);
    assert.deepEqual(run(store, more), stored);
  });

  Deno.test(`${kind} evicts only what may be lost`, () => {
    using opened = open(1000);
    const entry = { version: version(1), value: new Uint8Array(600) };
    const cached = (name: string): StorageRequest => ({
      ...merge(1, value),
      scope: "cache",
      key: name,
      entry,
    });
    assert.deepEqual(run(opened.store, cached("a")), stored);
    assert.deepEqual(run(opened.store, cached("b")), stored);
    const reply = run(opened.store, { op: "read", scope: "cache", key: "a" });
    assert.deepEqual(reply, { op: "read", entry: undefined });
  });

  Deno.test(`${kind} lists in pages, in the order of keys, and drops a partition`, () => {
    using opened = open();
    const { store } = opened;
    const keys = ["k", ...Array.from({ length: 20_000 }, (_, i) => `key${i}`)]
      .filter((each) => partitionOf(each) === partition).sort();
    store.handle(keys.map((each) => ({ ...merge(1, value), key: each })));
    const pages: string[] = [];
    for (let after = "";;) {
      const part = { scope, partition, buckets, after, limit: 5, tombstonesOnly: false } as const;
      const reply = run(store, { op: "list", ...part });
      assert.ok(reply?.op === "list");
      pages.push(...reply.listed.map((listed) => listed.key));
      if (reply.isLast) break;
      after = reply.listed.at(-1)?.key ?? "";
    }
    assert.deepEqual(pages, keys);
    run(store, { op: "drop", scope, partition });
    assert.deepEqual(store.usage(scope), { entries: 0, tombstones: 0, damaged: 0, bytes: 0 });
    run(store, { op: "adopt", revision: 4 }, { op: "adopt", revision: 2 });
    assert.equal(store.revision, 4);
  });
}
