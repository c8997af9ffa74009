import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { StorageRequest } from "../../dht/types.ts";
import { DiskStore } from "./disk_store.ts";

const version = (timeMs: number) => ({ timeMs, counter: 3, writer: "w" });
const digests = { op: "digests", scope: "chunks", partitions: partitions() } as const;

function partitions(): number[] {
  return Array.from({ length: 1024 }, (_, index) => index);
}

function put(key: string, value: Uint8Array | undefined, timeMs = 1): StorageRequest {
  return {
    op: "merge",
    scope: "chunks",
    key,
    entry: { version: version(timeMs), value },
    by: "write",
  };
}

const read = (key: string): StorageRequest => ({ op: "read", scope: "chunks", key });
const filled = (byte: number) => new Uint8Array(65_536).fill(byte);

function open(folder: string): DiskStore {
  const path = join(folder, "dht.db");
  return DiskStore.open({ path, name: "s1", bytesMax: Infinity, cacheBytesMax: 0 });
}

async function withFolder(run: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("DiskStore is the same after it was opened again", () =>
  withFolder((folder) => {
    const first = open(folder);
    first.handle([put("a", filled(1)), put("b", undefined), { op: "adopt", revision: 7 }]);
    const before = first.handle([digests, read("a"), read("b")]);
    first.close();
    const path = join(folder, "dht.db");
    const second = DiskStore.open({ path, name: "other", bytesMax: 1, cacheBytesMax: 0 });
    assert.deepEqual(second.handle([digests, read("a"), read("b")]), before);
    assert.deepEqual([second.name, second.revision], ["s1", 7]);
    second.close();
  }));

Deno.test("DiskStore finds a flipped byte when it reads and when it scrubs, and takes the repair", () =>
  withFolder((folder) => {
    const first = open(folder);
    first.handle([1, 2, 3].map((byte) => put(`key${byte}`, filled(byte))));
    first.close();
    const path = join(folder, "dht.db");
    const bytes = Deno.readFileSync(path);
    for (const byte of [1, 2]) {
      const at = bytes.findIndex((_, i) => bytes.subarray(i, i + 64).every((b) => b === byte));
      bytes[at + 40] = 0xee;
    }
    Deno.writeFileSync(path, bytes);
    const store = open(folder);
    const found: string[] = [];
    store.onDamaged = ({ key }) => found.push(key);
    assert.deepEqual(store.handle([read("key1"), read("key1"), read("key3")]).map(({ op }) => op), [
      "failed",
      "failed",
      "read",
    ]);
    assert.deepEqual(found, ["key1"]);
    assert.equal(store.scrub(1_000_000), true);
    assert.deepEqual(found, ["key1", "key2"]);
    assert.equal(store.usage("chunks").damaged, 2);
    const older = { op: "merge", superseded: version(1) };
    assert.deepEqual(store.handle([put("key1", filled(1), 0)]), [older]);
    store.handle([put("key1", filled(1)), put("key2", filled(2)), put("key2", filled(2))]);
    assert.deepEqual(store.usage("chunks"), {
      entries: 3,
      tombstones: 0,
      damaged: 0,
      bytes: 3 * 65_536,
    });
    const after = store.handle([digests]);
    store.close();
    const again = open(folder);
    assert.deepEqual(again.handle([digests]), after);
    assert.equal(again.scrub(1_000_000), true);
    assert.equal(again.usage("chunks").damaged, 0);
    again.close();
  }));

Deno.test("DiskStore.scrub() goes on where it stopped", () =>
  withFolder((folder) => {
    const store = open(folder);
    store.handle(Array.from({ length: 40 }, (_, i) => put(`k${i}`, filled(i))));
    const rounds = [1, 2, 3, 4, 5, 6].map(() => store.scrub(1));
    assert.deepEqual(rounds, [false, false, true, false, false, true]);
    store.close();
  }));

Deno.test("DiskStore refuses writes when its disk is full, and goes on reading", () =>
  withFolder((folder) => {
    open(folder).close();
    const path = join(folder, "dht.db");
    // The limit is kept per connection: a trigger fails as a full disk would, from inside.
    const db = new DatabaseSync(path);
    db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON body WHEN (SELECT count(*) FROM body) >= 2 " +
        "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    db.close();
    const store = open(folder);
    const replies = store.handle([1, 2, 3].map((byte) => put(`key${byte}`, filled(byte))));
    assert.deepEqual(replies.map(({ op }) => op), ["merge", "merge", "failed"]);
    assert.deepEqual(store.handle([read("key2"), read("key3")]), [
      { op: "read", entry: { version: version(1), value: filled(2) } },
      { op: "read", entry: undefined },
    ]);
    assert.equal(store.usage("chunks").entries, 2);
    store.close();
  }));

Deno.test("DiskStore.open() names a file that is no database", () =>
  withFolder((folder) => {
    Deno.writeFileSync(join(folder, "dht.db"), filled(7));
    assert.throws(() => open(folder), { name: "STORAGE_CORRUPT", message: /dht\.db/ });
  }));
