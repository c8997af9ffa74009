/**
 * Follows the drain of a node until it is over.
 *
 * `aether node drain` calls it. It only reads; stopping it changes nothing.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { formatDuration } from "../base/duration.ts";
import type { NodeLife } from "../protocol/api/deployment/nodes.ts";
import type { AetherClient } from "./client.ts";

/** Options of {@link followDrain}. */
export interface FollowDrainOptions {
  /** Limit for the whole drain, in milliseconds. */
  readonly timeoutMs: number;
  /** Time between two looks, in milliseconds. @default {250} */
  readonly intervalMs?: number;
  /** Called for the first state and for every one that differs from the one before. */
  onProgress?(life: NodeLife): Promise<void>;
}

/**
 * Waits until a node is not DRAINING any more and returns its state then.
 *
 * @throws {AetherError} NODE_NOT_FOUND; TIMEOUT with what is left on the node
 */
export async function followDrain(
  client: Pick<AetherClient, "call">,
  node: string,
  { timeoutMs, intervalMs = 250, onProgress }: FollowDrainOptions,
): Promise<NodeLife> {
  const end = performance.now() + timeoutMs;
  let shown = "";
  for (;;) {
    const life = await client.call("nodeLifecycle", { params: { id: node } });
    const text = `${life.state} ${life.instances}`;
    if (text !== shown) await onProgress?.(life);
    shown = text;
    if (life.state !== "DRAINING") return life;
    if (performance.now() + intervalMs > end) {
      throw new AetherError(
        "TIMEOUT",
        `Node ${node} still has ${life.instances} instances after ${formatDuration(timeoutMs)}`,
        { hint: "It goes on: see `aether explain instance` for what each of them waits for" },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
