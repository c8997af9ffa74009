/**
 * Follows a watch over broken connections: it goes on after the last message, so that nothing is
 * missed and nothing comes twice.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { WatchMessage } from "../protocol/api/data/kv.ts";
import type { AetherClient } from "./client.ts";

/** What to watch. */
export interface WatchOptions {
  /** Start of the keys. */
  readonly prefix: string;
  /** Later changes follow; without it those from now on. */
  readonly from?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Pause before a broken connection is made again, in milliseconds. @default {500} */
  readonly retryMs?: number;
  /** Told when the connection has broken. */
  onBroken?(error: AetherError): void;
}

/**
 * The messages of a watch, until the signal fires or something else than the connection fails.
 *
 * @throws {AetherError} COMPACTED when changes were lost; whatever the node refuses the watch with.
 */
export async function* followWatch(
  client: AetherClient,
  options: WatchOptions,
): AsyncGenerator<WatchMessage, void, void> {
  const { prefix, signal, retryMs = 500, onBroken } = options;
  let { from } = options;
  let isConnected = false;
  while (signal?.aborted !== true) {
    try {
      const call = { query: { prefix, from } };
      for await (const message of client.stream("kvWatch", call, signal ? { signal } : {})) {
        if (message.type === "compacted") throw lost(from ?? 0, message.revision);
        isConnected = true;
        from = message.revision;
        yield message;
      }
    } catch (error) {
      if (signal?.aborted) return;
      // The first connection must work: a wrong address is not a broken connection.
      if (!isConnected || !(error instanceof AetherError) || !isPassing(error)) throw error;
      onBroken?.(error);
    }
    await pause(retryMs, signal);
  }
}

/** Whether an error is one of the connection or of the moment. */
export function isPassing({ name }: AetherError): boolean {
  return name === "UNREACHABLE" || name === "TIMEOUT" || name === "NODE_STOPPING" ||
    name === "NOT_PROPOSED" || name === "WATCHES_EXHAUSTED";
}

function lost(from: number, kept: number): AetherError {
  const text = `Changes after revision ${from} are gone; kept are those after ${kept}`;
  return new AetherError("COMPACTED", text);
}

/** Waits, or until the signal fires. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
