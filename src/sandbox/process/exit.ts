/**
 * Why a slice process ended, from what the system and its last words say.
 *
 * @module
 */
import type { ExitReason } from "../../protocol/thread/threads.ts";

/** See {@link exitOf}. */
export interface ProcessExit {
  readonly reason: ExitReason;
  readonly detail: string;
}

const heapFull = /Reached heap limit|near heap limit/;
// V8 gives up at once when the system gives it no more.
const outOfMemory = /out of memory/i;

/**
 * The reason of an end that nobody asked for.
 *
 * @param lastWords The end of its standard error.
 */
export function exitOf(
  { code, signal }: { readonly code: number; readonly signal: string | null },
  lastWords: string,
  heapMb: number,
): ProcessExit {
  if (heapFull.test(lastWords)) {
    return {
      reason: "heap",
      detail: `The slice needed more than its ${heapMb} MiB of heap: raise heapMb under [limits] ` +
        "in slice.toml, or hold less",
    };
  }
  if (outOfMemory.test(lastWords)) {
    return {
      reason: "memory",
      detail: "The slice's process was refused more memory: raise heapMb under [limits] in " +
        "slice.toml, which also bounds array buffers, or hold less",
    };
  }
  const said = lastLine(lastWords);
  const words = said === "" ? "" : `; its last words: ${said}`;
  if (signal !== null) {
    return { reason: "killed", detail: `The slice's process was ended by ${signal}${words}` };
  }
  return { reason: "exit", detail: `The slice's process ended with exit code ${code}${words}` };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
}
