/**
 * Follows a node's events over broken connections: it goes on after the last one.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { ClusterEventView } from "../protocol/api/cluster.ts";
import type { AetherClient } from "./client.ts";
import { isPassing, pause } from "./watch.ts";

/** What to follow. */
export interface FollowEventsOptions {
  /** Later events follow. */
  readonly since: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Pause before a broken connection is made again, in milliseconds. @default {500} */
  readonly retryMs?: number;
  /** Told when the connection has broken. */
  onBroken?(error: AetherError): void;
}

/**
 * The events of a node, until the signal fires or something else than the connection fails. Whoever
 * calls it has talked to the node before.
 *
 * @throws {AetherError} whatever the node refuses the stream with.
 */
export async function* followEvents(
  client: AetherClient,
  options: FollowEventsOptions,
): AsyncGenerator<ClusterEventView, void, void> {
  const { signal, retryMs = 500, onBroken } = options;
  let { since } = options;
  while (signal?.aborted !== true) {
    try {
      const call = { query: { since } };
      for await (const event of client.stream("eventStream", call, signal ? { signal } : {})) {
        since = event.revision;
        yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof AetherError) || !isPassing(error)) throw error;
      onBroken?.(error);
    }
    await pause(retryMs, signal);
  }
}
