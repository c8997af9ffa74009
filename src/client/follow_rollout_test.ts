import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import type { RolloutState } from "../protocol/rollout.ts";
import type { AetherClient } from "./client.ts";
import { followRollout } from "./follow_rollout.ts";

function clientOf(...states: RolloutState[]) {
  const left = [...states];
  const weights = { new: 1, old: 1 };
  const call = () => {
    const state = left.length > 1 ? left.shift() : left[0];
    return Promise.resolve({ state, step: 0, weights, isPaused: false, reason: "Too slow" });
  };
  return { call } as unknown as Pick<AetherClient, "call">;
}

const options = { timeoutMs: 10_000, intervalMs: 1 };

Deno.test("followRollout() shows each change until the new version has taken over", async () => {
  const seen: string[] = [];
  const client = clientOf("DEPLOYING", "ROUTING", "ROUTING", "COMPLETING", "COMPLETED");
  const onProgress = ({ state }: { state: string }) => Promise.resolve(void seen.push(state));
  await followRollout(client, "echo-1", { ...options, onProgress });
  assert.deepEqual(seen, ["DEPLOYING", "ROUTING", "COMPLETING", "COMPLETED"]);
});

Deno.test("followRollout() fails with the reason of a rollback, and when time is up", async () => {
  await assert.rejects(
    followRollout(clientOf("ROLLING_BACK", "ROLLED_BACK"), "echo-1", options),
    (error) => error instanceof AetherError && /ROLLED_BACK: Too slow/.test(error.message),
  );
  await assert.rejects(
    followRollout(clientOf("ROUTING"), "echo-1", { timeoutMs: 0 }),
    (error) => error instanceof AetherError && error.name === "TIMEOUT",
  );
});
