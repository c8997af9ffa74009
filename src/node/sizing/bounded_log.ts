/**
 * Keeps a log file small that something else gave a process as its standard error.
 *
 * The process cannot be given another file while it runs, so the content moves instead: to a file
 * beside it, and the file begins anew. Lines written between the two steps are lost.
 *
 * @module
 */
import { type Clock, pause } from "../../base/clock.ts";

const lookEveryMs = 10_000;
const logBytesMax = 16 * 2 ** 20;

/** Looks after a file until it is stopped; it must be written in append mode. */
export async function boundLog(file: string, clock: Clock, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await moveLog(file, logBytesMax);
    await pause(clock, lookEveryMs, stopping);
  }
}

/** Moves the content of a file above `bytesMax` to `FILE.1`; answers whether it did. */
export async function moveLog(file: string, bytesMax: number): Promise<boolean> {
  try {
    if ((await Deno.stat(file)).size <= bytesMax) return false;
    // Without a copy the file is shortened all the same: a full disk must not stay full.
    await Deno.copyFile(file, `${file}.1`).catch(() => {});
    await Deno.truncate(file, 0);
    return true;
  } catch {
    // Somebody has removed it.
    return false;
  }
}
