/**
 * Follows a rollout until it has ended.
 *
 * `aether deploy start` calls it. It only reads; stopping it changes nothing.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { formatDuration } from "../base/duration.ts";
import type { RolloutView } from "../protocol/api/deployment/deploy.ts";
import { isEnded } from "../protocol/rollout.ts";
import type { AetherClient } from "./client.ts";

/** Options of {@link followRollout}. */
export interface FollowRolloutOptions {
  /** Limit for the whole rollout, in milliseconds. */
  readonly timeoutMs: number;
  /** Time between two looks, in milliseconds. @default {500} */
  readonly intervalMs?: number;
  /** Called for the first state and for every one that differs from the one before. */
  onProgress?(rollout: RolloutView): Promise<void>;
}

/**
 * Waits until a rollout is completed and returns it.
 *
 * @throws {AetherError} DEPLOYMENT_FAILED with the reason when it was rolled back; TIMEOUT
 */
export async function followRollout(
  client: Pick<AetherClient, "call">,
  id: string,
  { timeoutMs, intervalMs = 500, onProgress }: FollowRolloutOptions,
): Promise<RolloutView> {
  const end = performance.now() + timeoutMs;
  let shown = "";
  for (;;) {
    const rollout = await client.call("deployStatus", { params: { id } });
    const { state, step, weights, isPaused, reason } = rollout;
    const text = JSON.stringify([state, step, weights, isPaused]);
    if (text !== shown) await onProgress?.(rollout);
    shown = text;
    if (state === "COMPLETED") return rollout;
    if (isEnded(rollout)) {
      throw new AetherError("DEPLOYMENT_FAILED", `Rollout ${id} is ${state}: ${reason}`);
    }
    if (performance.now() + intervalMs > end) {
      const late = `Rollout ${id} is still ${state} after ${formatDuration(timeoutMs)}`;
      throw new AetherError("TIMEOUT", late, { hint: "It goes on: see `aether deploy status`" });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
