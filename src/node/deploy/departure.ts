/**
 * {@link Departure}: a node that is told to stop lets others run its instances first.
 *
 * It waits for as long as that can still happen: while there is a majority and another node on
 * duty, and no longer than the operator allows. Then the node stops, whatever still runs.
 *
 * @module
 */
import { type Clock, pause } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import type { Logger } from "../../sdk/logger.ts";

const pollMs = 50;

/** What a departure needs. */
export interface DepartureOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Says in the store that the node is shutting down. */
  announce(): Promise<void>;
  /** Instances that are still on this node. */
  instances(): number;
  /** Whether another node could run them. */
  hasSuccessor(): boolean;
  /** Longest wait, in milliseconds. */
  timeoutMs(): number;
}

/** Resolves when nothing keeps the node from stopping any more. */
export async function depart(options: DepartureOptions): Promise<void> {
  const { clock, log, announce, instances, hasSuccessor, timeoutMs } = options;
  if (!hasSuccessor()) return;
  const untilMs = clock.monotonicMs() + timeoutMs();
  let failure: string | undefined;
  announce().catch((error) => failure = toAetherError(error).message);
  while (instances() > 0) {
    const reason = failure ??
      (hasSuccessor() ? undefined : "No other node is on duty") ??
      (clock.monotonicMs() < untilMs ? undefined : "deployment.shutdownTimeout has passed");
    if (reason !== undefined) {
      log.warn("The node stops before others run its instances", {
        instances: instances(),
        reason,
      });
      return;
    }
    await pause(clock, pollMs);
  }
}
