import assert from "node:assert/strict";
import { SeededRandom } from "../../base/random.ts";
import { MemoryStorage } from "../../base/storage.ts";
import { DATA_FORMAT_VERSION, DataDirectory, readMeta } from "./data_directory.ts";

const IDENTITY = { clusterId: "c1", nodeId: "n1" };
const OPTIONS = {
  create: () => IDENTITY,
  log: { segmentBytes: 120, endOfTurn: (run: () => void) => run() },
};

async function text(storage: MemoryStorage, name: string): Promise<string> {
  return new TextDecoder().decode(await storage.read(name));
}

function writeText(storage: MemoryStorage, content: string): Promise<void> {
  return storage.writeAtomic("meta.json", [new TextEncoder().encode(content)]);
}

/** Ten records and three snapshots, each the sum of the records so far. */
async function filled(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const data = await DataDirectory.open(storage, OPTIONS);
  for (let i = 1, sum = 0; i <= 10; i++) {
    data.log.append(1, new Uint8Array(30).fill(i));
    await data.log.sync();
    sum += i;
    if (i % 3 === 0) await data.saveSnapshot({ index: i, body: Uint8Array.of(sum) });
  }
  await data.close();
  return storage;
}

Deno.test("DataDirectory.open() gives a blank directory its identity, once", async () => {
  const storage = new MemoryStorage();
  const data = await DataDirectory.open(storage, OPTIONS);
  assert.deepEqual(data.meta, { formatVersion: DATA_FORMAT_VERSION, ...IDENTITY });
  assert.equal(data.snapshot, undefined);
  assert.deepEqual(data.records, []);
  await data.close();
  const again = await DataDirectory.open(storage, { create: () => assert.fail("It is not blank") });
  assert.deepEqual(again.meta, data.meta);
  assert.equal(
    await text(storage, "meta.json"),
    '{\n  "formatVersion": 1,\n  "clusterId": "c1",\n  "nodeId": "n1"\n}\n',
  );
});

Deno.test("DataDirectory.open() returns the newest snapshot and the records after it", async () => {
  const storage = await filled();
  const data = await DataDirectory.open(storage, OPTIONS);
  assert.deepEqual(data.snapshot, { index: 9, body: Uint8Array.of(45) });
  assert.deepEqual(data.records.map((record) => record.index), [10]);
  assert.deepEqual(data.damaged, []);
});

Deno.test("DataDirectory.saveSnapshot() drops segments that no kept snapshot needs", async () => {
  const storage = await filled();
  const { log } = await DataDirectory.open(storage, OPTIONS);
  assert.ok(log.firstIndex > 1 && log.firstIndex <= 7, `the log begins at ${log.firstIndex}`);
});

Deno.test("DataDirectory.saveSnapshot() makes the log durable first", async () => {
  const storage = new MemoryStorage({ unsynced: "lost" });
  const data = await DataDirectory.open(storage, OPTIONS);
  data.log.append(1, Uint8Array.of(7));
  await data.saveSnapshot({ index: 1, body: Uint8Array.of(7) });
  storage.crash();
  storage.restart();
  const again = await DataDirectory.open(storage, OPTIONS);
  assert.equal(again.snapshot?.index, 1);
  assert.equal(again.log.nextIndex, 2);
});

Deno.test("DataDirectory.releaseReplay() forgets what was read at the start", async () => {
  const data = await DataDirectory.open(await filled(), OPTIONS);
  assert.equal(data.records.length, 1);
  data.releaseReplay();
  assert.deepEqual([data.snapshot, data.records], [undefined, []]);
  assert.equal(data.log.nextIndex, 11);
});

Deno.test("DataDirectory.open() takes the older snapshot when the newest is damaged", async () => {
  const storage = await filled();
  storage.corrupt("snap-0000000000000009.bin", 56);
  const data = await DataDirectory.open(storage, OPTIONS);
  assert.deepEqual(data.snapshot, { index: 6, body: Uint8Array.of(21) });
  assert.deepEqual(data.records.map((record) => record.index), [7, 8, 9, 10]);
  assert.deepEqual(data.damaged, ["snap-0000000000000009.bin"]);
});

Deno.test("DataDirectory.open() refuses a log that continues no whole snapshot", async () => {
  const storage = await filled();
  for (const index of [6, 9]) storage.corrupt(`snap-000000000000000${index}.bin`, 56);
  await assert.rejects(DataDirectory.open(storage, OPTIONS), {
    name: "STORAGE_CORRUPT",
    message: /do not continue the snapshot at record 0; damaged snapshots: snap-0+9.bin, snap-0+6/,
  });
});

Deno.test("DataDirectory.open() refuses a log that ends before the snapshot", async () => {
  const storage = await filled();
  for (const name of await storage.list()) {
    if (name.startsWith("wal-")) await storage.remove(name);
  }
  await assert.rejects(DataDirectory.open(storage, OPTIONS), {
    name: "STORAGE_CORRUPT",
    message: /records 1 to 0, which do not continue the snapshot at record 9/,
  });
});

Deno.test("DataDirectory.open() refuses the directory of another node and names both", async () => {
  const storage = await filled();
  await assert.rejects(DataDirectory.open(storage, { ...OPTIONS, nodeId: "n2" }), {
    name: "STORAGE_IDENTITY",
    message: 'Data directory "memory" belongs to node "n1", not to "n2"',
  });
  assert.equal((await DataDirectory.open(storage, { ...OPTIONS, nodeId: "n1" })).meta.nodeId, "n1");
});

Deno.test("DataDirectory.open() refuses a log of another node's directory", async () => {
  const storage = await filled();
  await writeText(storage, '{"formatVersion":1,"clusterId":"c2","nodeId":"n1"}');
  await assert.rejects(DataDirectory.open(storage, OPTIONS), /belongs to another node's log/);
});

Deno.test("readMeta() names found and supported version of an unknown format", async () => {
  const storage = new MemoryStorage();
  await writeText(storage, '{"formatVersion":7,"clusterId":"c1","nodeId":"n1"}');
  await assert.rejects(readMeta(storage), {
    name: "STORAGE_FORMAT",
    message: 'File "meta.json" has format 7, this version of aether supports 1',
  });
});

Deno.test("readMeta() refuses everything that is no identity", async () => {
  const wrong = ["", "{", "null", "[]", '"x"', "{}", '{"formatVersion":1}', "\u0000\u00ff"];
  wrong.push('{"formatVersion":1,"clusterId":"c1","nodeId":5}');
  for (const content of wrong) {
    const storage = new MemoryStorage();
    await writeText(storage, content);
    await assert.rejects(readMeta(storage), { name: "STORAGE_CORRUPT" }, content);
  }
});

Deno.test("readMeta() takes logs without meta.json for damage", async () => {
  const storage = await filled();
  await storage.remove("meta.json");
  await assert.rejects(DataDirectory.open(storage, OPTIONS), {
    name: "STORAGE_CORRUPT",
    message: /"meta.json" is damaged at byte 0: it is missing, while "snap-0+6.bin" exists/,
  });
});

/** Appends numbers and snapshots their list, until done or cut off. */
async function work(storage: MemoryStorage): Promise<{ acknowledged: number; isDone: boolean }> {
  const random = new SeededRandom("snapshots");
  let acknowledged = 0;
  try {
    const data = await DataDirectory.open(storage, OPTIONS);
    const state: number[] = [];
    for (let i = 1; i <= 12; i++) {
      state.push(i);
      data.log.append(1, new Uint8Array(10 + random.nextBelow(30)).fill(i));
      await data.log.sync();
      acknowledged = i;
      if (i % 4 === 0) await data.saveSnapshot({ index: i, body: Uint8Array.from(state) });
    }
    return { acknowledged, isDone: true };
  } catch (thrown) {
    assert.match(String(thrown), /power cut/);
    return { acknowledged, isDone: false };
  }
}

Deno.test("DataDirectory loses nothing acknowledged in a power cut at every byte", async () => {
  let cuts = 0;
  for (let steps = 0;; steps++, cuts++) {
    const storage = new MemoryStorage({ unsynced: "torn" }, steps);
    storage.crashAfterSteps(steps);
    const { acknowledged, isDone } = await work(storage);
    storage.restart();
    const data = await DataDirectory.open(storage, OPTIONS);
    const state = [...data.snapshot?.body ?? []];
    for (const record of data.records) state.push(record.body[0] ?? 0);
    assert.deepEqual(state, Array.from({ length: state.length }, (_, i) => i + 1));
    assert.ok(state.length >= acknowledged, `${state.length} of ${acknowledged} after ${steps}`);
    assert.deepEqual(data.damaged, []);
    if (isDone) break;
  }
  assert.ok(cuts > 700, `${cuts} cuts`);
});
