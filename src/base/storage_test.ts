import assert from "node:assert/strict";
import { isStorageName, MemoryStorage } from "./storage.ts";

const FAILED = { name: "STORAGE_FAILED" };

async function withUnsynced(storage: MemoryStorage): Promise<void> {
  const file = await storage.openAppend("a.log");
  file.append(new Uint8Array(4).fill(1));
  await file.sync();
  file.append(new Uint8Array(1000).fill(2));
}

async function sizeAfterCrash(storage: MemoryStorage): Promise<number> {
  storage.crash();
  storage.restart();
  const bytes = await storage.read("a.log");
  assert.deepEqual(bytes?.slice(0, 4), new Uint8Array(4).fill(1), "synced bytes survive");
  return bytes?.length ?? 0;
}

Deno.test("MemoryStorage.crash() keeps synced bytes, others as the fault says", async () => {
  for (const [unsynced, size] of [["lost", 4], ["kept", 1004]] as const) {
    const storage = new MemoryStorage({ unsynced });
    await withUnsynced(storage);
    assert.equal(await sizeAfterCrash(storage), size);
  }
  const sizes = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const storage = new MemoryStorage({ unsynced: "torn" }, seed);
    await withUnsynced(storage);
    sizes.add(await sizeAfterCrash(storage));
  }
  assert.ok(sizes.size > 10, `torn writes have ${sizes.size} different sizes`);
});

Deno.test("MemoryStorage repeats the same faults for the same seed", async () => {
  const results = await Promise.all([7, 7].map(async (seed) => {
    const storage = new MemoryStorage({ unsynced: "torn" }, seed);
    await withUnsynced(storage);
    storage.crash();
    storage.restart();
    return await storage.read("a.log");
  }));
  assert.deepEqual(results[0], results[1]);
});

Deno.test("MemoryStorage.crash() kills open files and running syncs", async () => {
  const storage = new MemoryStorage();
  const file = await storage.openAppend("a.log");
  file.append(Uint8Array.of(1));
  const running = file.sync();
  storage.crash();
  await assert.rejects(running, FAILED);
  await assert.rejects(storage.list(), FAILED);
  storage.restart();
  assert.throws(() => file.append(Uint8Array.of(2)), FAILED);
  await assert.rejects(file.sync(), FAILED);
});

Deno.test("MemoryStorage.crashAfterSteps() tears a write at the given byte", async () => {
  const storage = new MemoryStorage({ unsynced: "kept" });
  const file = await storage.openAppend("a.log");
  storage.crashAfterSteps(3);
  assert.throws(() => file.append(Uint8Array.of(1, 2, 3, 4)), /power cut/);
  storage.restart();
  assert.deepEqual(await storage.read("a.log"), Uint8Array.of(1, 2, 3));
});

Deno.test("MemoryStorage.writeAtomic() leaves old or new content at every cut", async () => {
  const outcomes = new Set<string>();
  for (let steps = 0; steps <= 5; steps++) {
    const storage = new MemoryStorage();
    await storage.writeAtomic("a.bin", [Uint8Array.of(1)]);
    storage.crashAfterSteps(steps);
    const isDone = await storage.writeAtomic("a.bin", [Uint8Array.of(2, 2), Uint8Array.of(2, 2)])
      .then(() => true, () => false);
    storage.restart();
    const content = (await storage.read("a.bin"))?.join("") ?? "none";
    assert.equal(content, isDone ? "2222" : "1");
    outcomes.add(content);
  }
  assert.deepEqual([...outcomes].sort(), ["1", "2222"]);
});

Deno.test("MemoryStorage never makes durable what a failed sync left behind", async () => {
  const storage = new MemoryStorage({ unsynced: "kept" });
  const file = await storage.openAppend("a.log");
  file.append(Uint8Array.of(1));
  storage.faults.syncErrorRate = 1;
  await assert.rejects(file.sync(), /sync error/);
  storage.faults.syncErrorRate = 0;
  await assert.rejects(file.sync(), /sync error/);
  storage.crash();
  storage.restart();
  assert.deepEqual(await storage.read("a.log"), new Uint8Array(0));
});

Deno.test("MemoryStorage fails like a full disk beyond its capacity", async () => {
  const storage = new MemoryStorage({ capacityBytes: 10 });
  const file = await storage.openAppend("a.log");
  file.append(new Uint8Array(6));
  await assert.rejects(storage.writeAtomic("b.bin", [new Uint8Array(5)]), /no space left/);
  assert.throws(() => file.append(new Uint8Array(6)), /no space left/);
  assert.equal(file.sizeBytes, 10);
  assert.deepEqual(await storage.list(), ["a.log"]);
});

Deno.test("MemoryStorage flips a bit on read, or for good, when told to", async () => {
  const storage = new MemoryStorage();
  await storage.writeAtomic("a.bin", [new Uint8Array(100)]);
  storage.faults.readCorruptionRate = 1;
  const flipped = (await storage.read("a.bin"))?.filter((byte) => byte !== 0) ?? [];
  assert.equal(flipped.length, 1);
  storage.faults.readCorruptionRate = 0;
  assert.deepEqual(await storage.read("a.bin"), new Uint8Array(100));
  storage.corrupt("a.bin", 3, 0x10);
  assert.equal((await storage.read("a.bin"))?.[3], 0x10);
});

Deno.test("isStorageName() accepts flat lower-case names only", () => {
  for (const name of ["a", "wal-0001.log", "meta.json"]) assert.ok(isStorageName(name), name);
  for (const name of ["", ".a", "a/b", "../a", "LOCK", "a.tmp", "a".repeat(200), "a b"]) {
    assert.ok(!isStorageName(name), name);
  }
});
