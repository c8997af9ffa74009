import assert from "node:assert/strict";
import { join } from "node:path";
import type { LogEntry } from "../../protocol/messaging/entry.ts";
import { SegmentLog } from "./segment_log.ts";

const encoder = new TextEncoder();

function entry(offset: number, epoch = 1, bytes = 20): LogEntry {
  const value = encoder.encode(`${offset}`.padEnd(bytes, "."));
  const key = offset % 2 === 0 ? `k${offset}` : undefined;
  return { offset, epoch, timeMs: 1000 + offset, key, value };
}

function entries(from: number, end: number, epoch = 1): LogEntry[] {
  return Array.from({ length: end - from }, (_, i) => entry(from + i, epoch));
}

function withFolder(run: (folder: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await run(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

function files(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".seg")
  ).sort();
}

Deno.test(
  "SegmentLog has everything again when it is opened again",
  withFolder(async (folder) => {
    const log = SegmentLog.open(folder, 200);
    assert.ok(log.isBlank);
    log.append(entries(0, 10));
    log.append(entries(10, 30, 2));
    log.promise(3);
    log.fill();
    assert.equal(log.durableEnd, 0);
    await log.sync();
    assert.equal(log.durableEnd, 30);
    log.close();
    assert.ok(files(folder).length > 1, "There is one segment only");
    const again = SegmentLog.open(folder, 200);
    assert.deepEqual([again.first, again.end, again.promised, again.isBlank], [0, 30, 3, false]);
    assert.deepEqual(again.read(0, 1e6), [...entries(0, 10), ...entries(10, 30, 2)]);
    assert.deepEqual([again.epochAt(9), again.epochAt(10), again.epochAt(30)], [1, 2, 0]);
    assert.equal(again.epochStart(25), 10);
    again.close();
  }),
);

Deno.test(
  "SegmentLog reads what is not in memory any more",
  withFolder((folder) => {
    const log = SegmentLog.open(folder, 1024 * 1024);
    for (let offset = 0; offset < 60; offset++) log.append([entry(offset, 1, 100_000)]);
    assert.equal(log.read(0, 1e9).length, 60);
    assert.deepEqual(log.read(3, 1), [entry(3, 1, 100_000)]);
    log.append([entry(60)]);
    assert.deepEqual(log.read(60, 1e6), [entry(60)]);
    log.close();
  }),
);

Deno.test(
  "SegmentLog cuts off, forgets and drops",
  withFolder((folder) => {
    const log = SegmentLog.open(folder, 200);
    for (const each of entries(0, 30)) log.append([each]);
    log.truncate(12);
    assert.equal(log.end, 12);
    log.append(entries(12, 20, 5));
    assert.deepEqual(log.read(11, 1e6), [entry(11), ...entries(12, 20, 5)]);
    log.dropBefore(9);
    assert.ok(log.first > 0 && log.first <= 9, `It begins at ${log.first}`);
    log.close();
    const again = SegmentLog.open(folder, 200);
    assert.deepEqual(again.read(12, 1e6), entries(12, 20, 5));
    again.reset(100);
    again.append(entries(100, 103));
    again.truncate(100);
    assert.deepEqual([again.first, again.end], [100, 100]);
    again.close();
    const third = SegmentLog.open(folder, 200);
    assert.deepEqual([third.first, third.end], [100, 100]);
    third.close();
  }),
);

Deno.test(
  "SegmentLog cuts a torn end off and is blank when more is damaged",
  withFolder((folder) => {
    const log = SegmentLog.open(folder, 200);
    log.append(entries(0, 30));
    log.fill();
    log.close();
    const names = files(folder);
    const last = join(folder, names.at(-1) ?? "");
    Deno.truncateSync(last, Deno.statSync(last).size - 3);
    const torn = SegmentLog.open(folder, 200);
    assert.deepEqual([torn.end, torn.isBlank], [29, false]);
    torn.append([entry(29)]);
    torn.close();
    const first = join(folder, names[0] ?? "");
    const bytes = Deno.readFileSync(first);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    Deno.writeFileSync(first, bytes);
    const damaged = SegmentLog.open(folder, 200);
    assert.deepEqual([damaged.end, damaged.isBlank], [0, true]);
    damaged.append(entries(0, 2));
    damaged.close();
  }),
);

Deno.test(
  "SegmentLog counts nothing as durable that replaced what was cut off during a sync",
  withFolder(async (folder) => {
    const log = SegmentLog.open(folder);
    log.append(entries(0, 10));
    const syncing = log.sync();
    log.truncate(4);
    log.append(entries(4, 12, 2));
    assert.ok(log.durableEnd <= 4);
    await syncing;
    await log.sync();
    assert.equal(log.durableEnd, 12);
    log.close();
  }),
);
