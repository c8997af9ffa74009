/**
 * Follows a blueprint to the end of its deployment.
 *
 * `aether blueprint apply` and `aether dev` call it. It only reads; stopping it changes nothing.
 *
 * @module
 */
import { AetherError, type Issue } from "../base/errors.ts";
import { formatDuration } from "../base/duration.ts";
import type { AetherClient } from "./client.ts";
import type { BlueprintStatus } from "../protocol/blueprint.ts";

/** Options of {@link followDeployment}. */
export interface FollowOptions {
  /** Limit for the whole deployment, in milliseconds. */
  readonly timeoutMs: number;
  /** The revision to follow; what is applied, whatever it is, unless given. */
  readonly number?: number;
  /** Time between two looks, in milliseconds. @default {250} */
  readonly intervalMs?: number;
  /** Ends the waiting; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called for the first status and for every one that differs from the one before. */
  onProgress?(status: BlueprintStatus): Promise<void>;
}

/**
 * Waits until a blueprint is deployed and returns its last status.
 *
 * @throws {AetherError} DEPLOYMENT_FAILED with the reasons; TIMEOUT with the last status
 */
export async function followDeployment(
  client: AetherClient,
  id: string,
  options: FollowOptions,
): Promise<BlueprintStatus> {
  const { timeoutMs, intervalMs = 250, signal } = options;
  const end = performance.now() + timeoutMs;
  let shown = "";
  for (;;) {
    const status = await client.call(
      "blueprintStatus",
      { params: { id }, query: { number: options.number } },
      signal === undefined ? {} : { signal },
    );
    const text = JSON.stringify([status.status, status.slices]);
    if (text !== shown) await options.onProgress?.(status);
    shown = text;
    if (status.status === "DEPLOYED") return status;
    if (status.status === "FAILED" || status.status === "PARTIAL") throw failed(status);
    if (performance.now() + intervalMs > end) throw late(status, timeoutMs);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

function failed(status: BlueprintStatus): AetherError {
  const issues = problems(status, ["FAILED"]);
  const text =
    `${status.id} did not deploy: ${issues.length} of ${status.slices.length} slices failed`;
  return new AetherError("DEPLOYMENT_FAILED", text, { issues });
}

function late(status: BlueprintStatus, timeoutMs: number): AetherError {
  const text = `${status.id} is still ${status.status} after ${formatDuration(timeoutMs)}`;
  return new AetherError("TIMEOUT", text, {
    issues: problems(status, ["PENDING", "DEPLOYING", "SCALING_DOWN"]),
    hint: `It goes on: see \`aether blueprint status ${status.id}\`, or raise --timeout`,
  });
}

function problems(status: BlueprintStatus, states: readonly string[]): Issue[] {
  return status.slices.filter((slice) => states.includes(slice.status)).map((slice) => ({
    path: slice.artifact,
    message: slice.reason ?? `${slice.active} of ${slice.instances} instances are active`,
  }));
}
