import assert from "node:assert/strict";
import { MemoryStorage } from "../../base/storage.ts";
import type { AppendFile, OpenAppendOptions } from "../../base/storage.ts";
import { DurableLog, type DurableLogOptions } from "./durable_log.ts";
import { MARKER_BYTES } from "./record.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment.ts";
import { segmentOfVersion1 } from "./version_1_fixture_test.ts";

const SMALL: DurableLogOptions = { segmentBytes: 100 };

function body(size: number, fill = size): Uint8Array {
  return new Uint8Array(size).fill(fill);
}

/** Counts what a log does to its files. */
class CountingStorage extends MemoryStorage {
  appends = 0;
  syncs = 0;
  closes = 0;

  override async openAppend(name: string, options?: OpenAppendOptions): Promise<AppendFile> {
    const file = await super.openAppend(name, options);
    return {
      name,
      get sizeBytes() {
        return file.sizeBytes;
      },
      append: (bytes) => {
        this.appends++;
        file.append(bytes);
      },
      sync: () => {
        this.syncs++;
        return file.sync();
      },
      close: () => {
        this.closes++;
        file.close();
      },
    };
  }
}

async function filled(
  storage: MemoryStorage,
  sizes: number[],
  options = SMALL,
): Promise<DurableLog> {
  const { log } = await DurableLog.open(storage, options);
  for (const size of sizes) {
    log.append(1, body(size));
    await log.sync();
  }
  return log;
}

Deno.test("DurableLog.open() returns every synced record in order", async () => {
  const storage = new MemoryStorage();
  const { log, records: none } = await DurableLog.open(storage);
  assert.deepEqual(none, []);
  assert.equal(log.append(1, body(3)), 1);
  assert.equal(log.append(255, body(0)), 2);
  await log.sync();
  assert.equal(log.syncedIndex, 2);
  await log.close();
  const { log: again, records } = await DurableLog.open(storage);
  assert.deepEqual(records, [
    { index: 1, type: 1, body: body(3) },
    { index: 2, type: 255, body: body(0) },
  ]);
  assert.equal(again.nextIndex, 3);
  assert.equal(again.firstIndex, 1);
});

Deno.test("DurableLog.open() leaves out the records before fromIndex", async () => {
  const storage = new MemoryStorage();
  await filled(storage, [1, 2, 3]);
  const { log, records } = await DurableLog.open(storage, { fromIndex: 3 });
  assert.deepEqual(records.map((record) => record.index), [3]);
  assert.equal(log.nextIndex, 4);
});

Deno.test("DurableLog.sync() shares one write among all callers of a turn", async () => {
  const storage = new CountingStorage();
  const { log } = await DurableLog.open(storage);
  storage.syncs = 0;
  const syncs = Array.from({ length: 50 }, () => {
    log.append(1, body(10));
    return log.sync();
  });
  await Promise.all(syncs);
  assert.equal(storage.appends, 1);
  assert.equal(storage.syncs, 1);
  await log.sync();
  assert.equal(storage.syncs, 1, "nothing new, nothing to do");
});

Deno.test("DurableLog.sync() puts what comes meanwhile into the next write", async () => {
  const storage = new CountingStorage();
  let startTurn = () => {};
  const { log } = await DurableLog.open(storage, { endOfTurn: (run) => startTurn = run });
  storage.syncs = 0;
  log.append(1, body(1));
  const first = log.sync();
  startTurn();
  log.append(1, body(2));
  log.append(1, body(3));
  const second = log.sync();
  await first;
  assert.equal(log.syncedIndex, 1);
  await second;
  assert.equal(log.syncedIndex, 3);
  assert.equal(storage.syncs, 2);
});

Deno.test("DurableLog does not wait for records appended after sync() was called", async () => {
  const { log } = await DurableLog.open(new MemoryStorage(), { endOfTurn: (run) => run() });
  log.append(1, body(1));
  const synced = log.sync();
  log.append(1, body(2));
  await synced;
  assert.equal(log.syncedIndex, 1);
});

Deno.test("DurableLog begins a new segment when one is full", async () => {
  const storage = new MemoryStorage();
  await filled(storage, [40, 40, 40, 200, 40]);
  assert.deepEqual(await storage.list(), [
    "wal-0000000000000001.log",
    "wal-0000000000000002.log",
    "wal-0000000000000003.log",
    "wal-0000000000000004.log",
    "wal-0000000000000005.log",
  ]);
  const { records, log } = await DurableLog.open(storage, SMALL);
  assert.deepEqual(records.map((record) => record.body.length), [40, 40, 40, 200, 40]);
  assert.equal(log.sizeBytes, 5 * (SEGMENT_HEADER_BYTES + MARKER_BYTES + 9) + 360);
});

Deno.test("DurableLog.dropBefore() removes whole older segments, never the newest", async () => {
  const storage = new MemoryStorage();
  const log = await filled(storage, [40, 40, 40, 40]);
  const sizeBytes = log.sizeBytes;
  assert.equal(await log.dropBefore(1), 0);
  assert.deepEqual(await Promise.all([log.dropBefore(2), log.dropBefore(3)]), [1, 1]);
  assert.equal(log.firstIndex, 3);
  assert.equal(log.sizeBytes, sizeBytes / 2);
  assert.equal(await log.dropBefore(1000), 1);
  assert.equal(log.firstIndex, 4);
  const { records } = await DurableLog.open(storage, SMALL);
  assert.deepEqual(records.map((record) => record.index), [4]);
});

Deno.test("DurableLog.append() refuses what is too large or too much", async () => {
  const { log } = await DurableLog.open(new MemoryStorage(), {
    maxBodyBytes: 50,
    maxPendingBytes: 100,
  });
  assert.throws(() => log.append(1, body(51)), {
    name: "VALUE_TOO_LARGE",
    message: "Record of 51 bytes exceeds the log's limit of 50",
  });
  log.append(1, body(50));
  assert.throws(() => log.append(1, body(50)), { name: "NOT_PROPOSED" });
  assert.equal(log.append(1, body(10)), 2);
  await log.sync();
  assert.equal(log.append(1, body(50)), 3);
});

for (
  const [what, faults] of [["sync error", { syncErrorRate: 1 }], ["no space left", {
    capacityBytes: 30,
  }]] as const
) {
  Deno.test(`DurableLog fails for good after the disk said: ${what}`, async () => {
    const storage = new MemoryStorage();
    const { log } = await DurableLog.open(storage);
    storage.faults = faults;
    log.append(1, body(20));
    const syncs = [log.sync(), log.sync()];
    for (const sync of syncs) await assert.rejects(sync, { name: "STORAGE_FAILED" });
    storage.faults = {};
    await assert.rejects(log.sync(), new RegExp(`Log in memory has ended: .*${what}`));
    assert.throws(() => log.append(1, body(1)), { name: "STORAGE_FAILED" });
    assert.equal(log.syncedIndex, 0);
    assert.equal(log.failure?.name, "STORAGE_FAILED");
  });
}

Deno.test("DurableLog.open() cuts off what a full disk left half-written", async () => {
  const storage = new MemoryStorage({ capacityBytes: 80 });
  const { log } = await DurableLog.open(storage);
  log.append(1, body(20));
  await log.sync();
  log.append(1, body(40));
  await assert.rejects(log.sync(), /no space left/);
  storage.faults = {};
  const { log: again, records } = await DurableLog.open(storage);
  assert.deepEqual(records.map((record) => record.body.length), [20]);
  again.append(1, body(5));
  await again.sync();
  assert.equal((await DurableLog.open(storage)).records.length, 2);
});

Deno.test("DurableLog.open() refuses damage in the middle, naming file and offset", async () => {
  const storage = new MemoryStorage();
  await filled(storage, [10, 10, 10], {});
  // Every commit is a marker of 24 bytes and a record of 19.
  storage.corrupt("wal-0000000000000001.log", 24 + 43 + 24 + 12);
  await assert.rejects(DurableLog.open(storage), {
    name: "STORAGE_CORRUPT",
    message: /File "wal-0{15}1.log" is damaged at byte 91: .* before byte 110 was written/,
  });
});

Deno.test("DurableLog.open() refuses a missing segment", async () => {
  const storage = new MemoryStorage();
  await filled(storage, [80, 80, 80]);
  await storage.remove("wal-0000000000000002.log");
  await assert.rejects(DurableLog.open(storage), {
    name: "STORAGE_CORRUPT",
    message: /"wal-0{15}3.log" is damaged at byte 0: it begins with record 3, not 2/,
  });
});

Deno.test("DurableLog.open() refuses the segments of another log", async () => {
  const storage = new MemoryStorage();
  await filled(storage, [10]);
  await assert.rejects(DurableLog.open(storage, { logId: 9 }), /belongs to another node's log/);
});

Deno.test("DurableLog.open() refuses a segment under another segment's name", async () => {
  const storage = new MemoryStorage();
  const header = encodeSegmentHeader({ logId: 0, firstIndex: 5 });
  await storage.writeAtomic("wal-0000000000000001.log", [header]);
  await assert.rejects(DurableLog.open(storage), { name: "STORAGE_CORRUPT" });
});

Deno.test("DurableLog.close() syncs what is pending and ends the log", async () => {
  const storage = new MemoryStorage({ unsynced: "lost" });
  const { log } = await DurableLog.open(storage);
  log.append(1, body(5));
  await log.close();
  assert.throws(() => log.append(1, body(1)), /The log is closed/);
  storage.crash();
  storage.restart();
  assert.equal((await DurableLog.open(storage)).records.length, 1);
});

Deno.test("DurableLog.close() leaves the proof that the last record was durable", async () => {
  const storage = new MemoryStorage();
  const log = await filled(storage, [10, 10], {});
  const offset = log.sizeBytes - 5;
  await log.close();
  storage.corrupt("wal-0000000000000001.log", offset);
  await assert.rejects(DurableLog.open(storage), { name: "STORAGE_CORRUPT" });
  storage.corrupt("wal-0000000000000001.log", offset);
  assert.equal((await DurableLog.open(storage)).records.length, 2);
});

Deno.test("DurableLog.close() does not fail when the proof does not fit on the disk", async () => {
  const storage = new MemoryStorage();
  const log = await filled(storage, [20]);
  storage.faults.capacityBytes = 80;
  await log.close();
  storage.faults = {};
  assert.equal((await DurableLog.open(storage)).records.length, 1);
});

Deno.test("DurableLog writes into space that is allocated, and counts only what it wrote", async () => {
  const storage = new MemoryStorage();
  const log = await filled(storage, [10], {});
  const sizeOnDisk = async () => (await storage.read("wal-0000000000000001.log"))?.length;
  assert.equal(log.sizeBytes, SEGMENT_HEADER_BYTES + MARKER_BYTES + 19);
  assert.equal(await sizeOnDisk(), 256 * 1024);
  const { log: again } = await DurableLog.open(storage);
  assert.equal(await sizeOnDisk(), log.sizeBytes, "what was reserved is cut off");
  assert.equal(again.sizeBytes, log.sizeBytes);
});

Deno.test("DurableLog reserves no more than a segment may have", async () => {
  const storage = new MemoryStorage();
  await filled(storage, [10]);
  assert.equal((await storage.read("wal-0000000000000001.log"))?.length, SMALL.segmentBytes);
});

Deno.test("DurableLog.open() makes durable what a killed process left unsynced", async () => {
  const original = new MemoryStorage();
  const { sizeBytes } = await filled(original, [10]);
  const bytes = await original.read("wal-0000000000000001.log");
  const storage = new MemoryStorage({ unsynced: "lost" });
  const file = await storage.openAppend("wal-0000000000000001.log");
  file.append(bytes?.subarray(0, sizeBytes) ?? assert.fail("There is no segment"));
  assert.equal((await DurableLog.open(storage)).records.length, 1);
  storage.crash();
  storage.restart();
  assert.equal((await DurableLog.open(storage)).records.length, 1);
});

Deno.test("DurableLog.open() closes the file when the disk cannot sync what it found", async () => {
  const storage = new CountingStorage();
  await filled(storage, [10]);
  storage.faults.syncErrorRate = 1;
  storage.closes = 0;
  await assert.rejects(DurableLog.open(storage), { name: "STORAGE_FAILED" });
  assert.equal(storage.closes, 1);
});

/** Opens, appends, and opens again, until `expected` bodies are there. */
async function assertContinues(storage: MemoryStorage, expected: number[]): Promise<void> {
  const { log, records } = await DurableLog.open(storage, SMALL);
  assert.deepEqual(records.map((record) => record.body.length), expected);
  log.append(1, body(7));
  await log.sync();
  assert.equal(log.firstIndex, 1);
  const again = await DurableLog.open(storage, SMALL);
  assert.deepEqual(again.records.map((record) => record.body.length), [...expected, 7]);
  assert.equal(again.log.nextIndex, expected.length + 2);
}

Deno.test("DurableLog continues a log of version 1 in a new segment", async () => {
  const storage = new MemoryStorage();
  const old = segmentOfVersion1({ logId: 0, firstIndex: 1 }, [body(10), body(20)]);
  await storage.writeAtomic("wal-0000000000000001.log", [old]);
  await assertContinues(storage, [10, 20]);
  assert.deepEqual(await storage.read("wal-0000000000000001.log"), old, "it stays as it was");
  assert.equal((await storage.list()).length, 2);
});

Deno.test("DurableLog continues a log of version 1 that is torn or empty", async () => {
  const identity = { logId: 0, firstIndex: 1 };
  const torn = segmentOfVersion1(identity, [body(10), body(20)]).subarray(0, -1);
  for (const [bytes, expected] of [[torn, [10]], [segmentOfVersion1(identity, []), []]] as const) {
    const storage = new MemoryStorage();
    await storage.writeAtomic("wal-0000000000000001.log", [bytes]);
    await assertContinues(storage, [...expected]);
    assert.equal((await storage.list()).length, expected.length + 1);
  }
});

Deno.test("DurableLog.open() survives a power cut while it takes over a log of version 1", async () => {
  const torn = segmentOfVersion1({ logId: 0, firstIndex: 1 }, [body(10), body(20)]).subarray(0, -1);
  for (let steps = 0, isDone = false; !isDone; steps++) {
    const storage = new MemoryStorage();
    await storage.writeAtomic("wal-0000000000000001.log", [torn]);
    storage.crashAfterSteps(steps);
    isDone = await DurableLog.open(storage, SMALL).then(() => true, () => false);
    if (!isDone) storage.restart();
    else storage.crashAfterSteps(Number.POSITIVE_INFINITY);
    await assertContinues(storage, [10]);
  }
});
