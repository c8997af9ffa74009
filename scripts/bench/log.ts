/**
 * `deno task bench log`: what it takes until a record is durable, in space that a file has already
 * and in a file that grows with every write.
 *
 * Two logs beside each other on the same disk take turns, one record and one sync at a time. Disks
 * are noisy neighbours: only figures of one run compare.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { AppendFile, Storage } from "../../src/base/storage.ts";
import { FileStorage } from "../../src/io/file_storage.ts";
import { DurableLog } from "../../src/io/log/durable_log.ts";
import { withFolder } from "./child.ts";
import { wholeNumber } from "./http.ts";
import { environment } from "./tools.ts";

const kinds = ["growing", "reserved"] as const;
type Kind = typeof kinds[number];

/** Records of one log before it is the other's turn. */
const turnRecords = 10;

/** Runs the benchmark; resolves to the exit code. */
export async function benchLog(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      records: { type: "string", default: "2000" },
      bytes: { type: "string", default: "512" },
    },
  });
  const records = wholeNumber("records", values.records, 1_000_000);
  const bytes = wholeNumber("bytes", values.bytes, 1024 * 1024);
  print({ kind: "environment", bench: "log", records, bytes, ...await environment() });
  await withFolder(async (folder) => {
    const logs = {
      growing: await open("growing", folder),
      reserved: await open("reserved", folder),
    };
    const body = new Uint8Array(bytes).map((_, i) => i);
    const times: Record<Kind, number[]> = { growing: [], reserved: [] };
    while (times.reserved.length < records) {
      for (const kind of kinds) {
        for (let i = 0; i < turnRecords; i++) times[kind].push(await timeOf(logs[kind].log, body));
      }
    }
    for (const kind of kinds) {
      print({ kind: "sync", log: kind, ...percentiles(times[kind]) });
      await logs[kind].close();
    }
  });
  return 0;
}

async function open(kind: Kind, folder: string) {
  const files = await FileStorage.open(join(folder, kind));
  const { log } = await DurableLog.open(kind === "growing" ? withoutReserve(files) : files);
  return {
    log,
    async close(): Promise<void> {
      await log.close();
      await files.close();
    },
  };
}

function withoutReserve(files: FileStorage): Storage {
  return {
    location: files.location,
    list: () => files.list(),
    read: (name, range) => files.read(name, range),
    openAppend: (name): Promise<AppendFile> => files.openAppend(name),
    writeAtomic: (name, parts) => files.writeAtomic(name, parts),
    truncate: (name, sizeBytes) => files.truncate(name, sizeBytes),
    remove: (name) => files.remove(name),
    close: () => files.close(),
  };
}

async function timeOf(log: DurableLog, body: Uint8Array): Promise<number> {
  const startMs = performance.now();
  log.append(1, body);
  await log.sync();
  return performance.now() - startMs;
}

function percentiles(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Number(
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(3),
    );
  return { p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) };
}

function print(line: Record<string, unknown>): void {
  console.log(JSON.stringify(line));
}
