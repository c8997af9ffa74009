/**
 * Power cuts at every byte: whatever was acknowledged is there afterwards, and nothing else is that
 * was not appended.
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../base/random.ts";
import { MemoryStorage, type StorageFaults } from "../../base/storage.ts";
import { DurableLog, type DurableLogOptions } from "./durable_log.ts";

const OPTIONS: DurableLogOptions = { segmentBytes: 220, endOfTurn: (run) => run() };
/** Small ones, so that every commit has several. */
const SECTOR_BYTES = 16;

/** What a workload knows when the power goes. */
interface Witness {
  /** Bodies in the order of their indexes, whether acknowledged or not. */
  readonly appended: Uint8Array[];
  acknowledged: number;
  /** Those that were acknowledged before the last commit that was. */
  proven: number;
  /** Records before it may be gone. */
  droppedBefore: number;
  isFinished: boolean;
}

/** Appends groups of records of several sizes and drops old ones, until done or cut off. */
async function work(storage: MemoryStorage, seed: number): Promise<Witness> {
  const random = new SeededRandom(seed).split("load");
  const witness: Witness = {
    appended: [],
    acknowledged: 0,
    proven: 0,
    droppedBefore: 1,
    isFinished: false,
  };
  try {
    const { log } = await DurableLog.open(storage, OPTIONS);
    for (let group = 0; group < 6; group++) {
      for (let i = random.nextBelow(3); i >= 0; i--) {
        const body = random.bytes(random.nextBelow(40));
        witness.appended.push(body);
        log.append(group, body);
      }
      await log.sync();
      witness.proven = witness.acknowledged;
      witness.acknowledged = witness.appended.length;
      if (group === 4) {
        witness.droppedBefore = witness.acknowledged;
        await log.dropBefore(witness.droppedBefore);
      }
    }
    witness.isFinished = true;
  } catch (thrown) {
    assert.match(String(thrown), /power cut/);
  }
  return witness;
}

/** Opens the log after a cut and checks it against what the workload knows. */
async function verify(storage: MemoryStorage, witness: Witness): Promise<void> {
  const { log, records } = await DurableLog.open(storage, OPTIONS);
  const firstIndex = records[0]?.index ?? log.nextIndex;
  assert.ok(firstIndex <= witness.droppedBefore, `record ${firstIndex} is the first`);
  assert.ok(log.nextIndex > witness.acknowledged, `${witness.acknowledged} were acknowledged`);
  records.forEach((record, i) => {
    assert.equal(record.index, firstIndex + i);
    assert.deepEqual(record.body, witness.appended[record.index - 1]);
  });
  // The log goes on: what is appended now follows directly.
  const index = log.append(9, Uint8Array.of(9));
  await log.sync();
  const again = await DurableLog.open(storage, OPTIONS);
  assert.equal(again.records.at(-1)?.index, index);
  assert.deepEqual(again.records.slice(0, -1), records);
}

const variants: [string, StorageFaults["unsynced"] & string, number][] = [
  ["unsynced bytes are lost", "lost", 1],
  ["unsynced bytes are kept", "kept", 1],
  ["unsynced bytes are torn", "torn", 4],
];

for (const [name, unsynced, seeds] of variants) {
  Deno.test(`DurableLog survives a power cut at every byte when ${name}`, async () => {
    let cuts = 0;
    for (let seed = 0; seed < seeds; seed++) {
      for (let steps = 0;; steps++) {
        const faults = { unsynced, sectorBytes: SECTOR_BYTES };
        const storage = new MemoryStorage(faults, `${seed}/${steps}`);
        storage.crashAfterSteps(steps);
        const witness = await work(storage, seed);
        storage.restart();
        await verify(storage, witness);
        if (witness.isFinished) break;
        cuts++;
      }
    }
    assert.ok(cuts > 300 * seeds, `${cuts} cuts`);
  });
}

Deno.test("DurableLog survives a second power cut while it recovers from the first", async () => {
  for (let steps = 0; steps < 400; steps += 3) {
    for (let recoverySteps = 0; recoverySteps < 5; recoverySteps++) {
      const storage = new MemoryStorage({ sectorBytes: SECTOR_BYTES }, steps);
      storage.crashAfterSteps(steps);
      const witness = await work(storage, 1);
      storage.restart();
      storage.crashAfterSteps(recoverySteps);
      await DurableLog.open(storage, OPTIONS).catch((thrown) =>
        assert.match(String(thrown), /power cut/)
      );
      storage.crash();
      storage.restart();
      await verify(storage, witness);
    }
  }
});

Deno.test("DurableLog acknowledges nothing that random disk faults may lose", async () => {
  let failures = 0;
  for (let seed = 0; seed < 300; seed++) {
    const storage = new MemoryStorage({ sectorBytes: SECTOR_BYTES }, seed);
    const { log } = await DurableLog.open(storage, OPTIONS);
    storage.faults.syncErrorRate = 0.15;
    const bodies: Uint8Array[] = [];
    let acknowledged = 0;
    for (let i = 0; i < 10 && log.failure === undefined; i++) {
      bodies.push(Uint8Array.of(i, seed));
      log.append(1, Uint8Array.of(i, seed));
      await log.sync().then(() => acknowledged = bodies.length, () => failures++);
    }
    storage.crash();
    storage.restart();
    storage.faults.syncErrorRate = 0;
    const { records } = await DurableLog.open(storage, OPTIONS);
    assert.ok(records.length >= acknowledged && records.length <= bodies.length);
    records.forEach((record, i) => assert.deepEqual(record.body, bodies[i]));
  }
  assert.ok(failures > 100, `${failures} failures`);
});

Deno.test("DurableLog.open() refuses damage of synced data, whatever a power cut tore", async () => {
  let refused = 0;
  for (let steps = 200; steps < 1000; steps++) {
    const storage = new MemoryStorage({ sectorBytes: SECTOR_BYTES }, steps);
    storage.crashAfterSteps(steps);
    const witness = await work(storage, steps);
    storage.restart();
    const random = new SeededRandom(steps).split("damage");
    const names = await storage.list();
    const name = names[random.nextBelow(names.length)] as string;
    const { length } = await storage.read(name) ?? [];
    const offset = random.nextBelow(length);
    storage.corrupt(name, offset, 1 + random.nextBelow(255));
    try {
      const { records, log } = await DurableLog.open(storage, OPTIONS);
      // Only damage in the last commit passes, as a torn one: no other record is lost with it.
      assert.ok(log.nextIndex > witness.proven, `${name} was damaged at ${offset} of ${length}`);
      for (const { index, body } of records) assert.deepEqual(body, witness.appended[index - 1]);
    } catch (thrown) {
      const { name } = thrown as Error;
      assert.ok(["STORAGE_CORRUPT", "STORAGE_FORMAT"].includes(name), String(thrown));
      refused++;
    }
  }
  assert.ok(refused > 400, `${refused} refused`);
});
