import assert from "node:assert/strict";
import { MemoryStorage } from "../../base/storage.ts";
import { Snapshots } from "./snapshots.ts";

const NAME_9 = "snap-0000000000000009.bin";

function state(index: number): { index: number; body: Uint8Array } {
  return { index, body: new Uint8Array(100 + index).fill(index) };
}

async function saved(...indexes: number[]) {
  const storage = new MemoryStorage();
  const snapshots = new Snapshots(storage);
  for (const index of indexes) await snapshots.save(state(index));
  return { storage, snapshots };
}

Deno.test("Snapshots.load() returns the newest of those that were saved", async () => {
  const { snapshots } = await saved(3, 9);
  assert.deepEqual(await snapshots.load(), { snapshot: state(9), damaged: [] });
});

Deno.test("Snapshots.load() finds nothing in an empty storage", async () => {
  assert.deepEqual(await new Snapshots(new MemoryStorage()).load(), {
    snapshot: undefined,
    damaged: [],
  });
});

Deno.test("Snapshots.save() keeps two and tells which records are no longer needed", async () => {
  const { storage, snapshots } = await saved();
  assert.equal(await snapshots.save(state(3)), 0);
  assert.equal(await snapshots.save(state(6)), 3);
  assert.equal(await snapshots.save(state(9)), 6);
  assert.deepEqual(await storage.list(), ["snap-0000000000000006.bin", NAME_9]);
});

Deno.test("Snapshots.load() falls back to the older one, whichever byte is damaged", async () => {
  const { storage, snapshots } = await saved(3, 9);
  const length = (await storage.read(NAME_9))?.length ?? 0;
  assert.equal(length, 7 + 1 + 8 + 8 + 32 + 109);
  for (let offset = 0; offset < length; offset++) {
    storage.corrupt(NAME_9, offset);
    if (offset === 7) await assert.rejects(snapshots.load(), { name: "STORAGE_FORMAT" });
    else assert.deepEqual(await snapshots.load(), { snapshot: state(3), damaged: [NAME_9] });
    storage.corrupt(NAME_9, offset);
  }
});

Deno.test("Snapshots.load() says when no file is whole", async () => {
  const { storage, snapshots } = await saved(9);
  await storage.truncate(NAME_9, 40);
  assert.deepEqual(await snapshots.load(), { snapshot: undefined, damaged: [NAME_9] });
});

Deno.test("Snapshots.load() names found and supported version of an unknown format", async () => {
  const { storage, snapshots } = await saved(3, 9);
  storage.corrupt(NAME_9, 7, 3); // 1 xor 3 is 2
  await assert.rejects(snapshots.load(), {
    message: `File "${NAME_9}" has format 2, this version of aether supports 1`,
  });
});

Deno.test("Snapshots.load() refuses a snapshot under another index", async () => {
  const { storage, snapshots } = await saved(3);
  const bytes = await storage.read("snap-0000000000000003.bin") as Uint8Array;
  await storage.writeAtomic(NAME_9, [bytes]);
  assert.deepEqual(await snapshots.load(), { snapshot: state(3), damaged: [NAME_9] });
});

Deno.test("Snapshots.save() refuses a body beyond the limit", async () => {
  const snapshots = new Snapshots(new MemoryStorage(), 50);
  await assert.rejects(snapshots.save(state(1)), {
    name: "STORE_FULL",
    message: "Snapshot of 101 bytes exceeds the limit of 50",
  });
});

Deno.test("the format of a snapshot is the recorded one", async () => {
  const storage = new MemoryStorage();
  await new Snapshots(storage).save({ index: 1, body: Uint8Array.of(1, 2) });
  const bytes = await storage.read("snap-0000000000000001.bin");
  // A stored snapshot must stay readable: a new layout needs a new version.
  assert.equal(
    bytes?.toHex(),
    "41455448534e5001" + "0100000000000000" + "0200000000000000" +
      "d1c9d4c9ab9660bc89426cce1547be294dae71aa9ce8ba8a31452c935cca770f" + "0102",
  );
});
