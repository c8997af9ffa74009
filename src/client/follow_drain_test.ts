import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import type { NodeLife } from "../protocol/api/deployment/nodes.ts";
import type { AetherClient } from "./client.ts";
import { followDrain } from "./follow_drain.ts";

function clientOf(...lives: readonly (readonly [NodeLife["state"], number])[]) {
  const left = [...lives];
  const call = () => {
    const [state, instances] = (left.length > 1 ? left.shift() : left[0]) ?? ["ON_DUTY", 0];
    return Promise.resolve({ id: "n1", state, alive: true, instances, revision: 1 });
  };
  return { call } as unknown as Pick<AetherClient, "call">;
}

Deno.test("followDrain() shows each change and ends when the drain has", async () => {
  const client = clientOf(["DRAINING", 2], ["DRAINING", 2], ["DRAINING", 1], ["DECOMMISSIONED", 0]);
  const seen: string[] = [];
  const last = await followDrain(client, "n1", {
    timeoutMs: 10_000,
    intervalMs: 1,
    onProgress: ({ state, instances }) => {
      seen.push(`${state} ${instances}`);
      return Promise.resolve();
    },
  });
  assert.equal(last.state, "DECOMMISSIONED");
  assert.deepEqual(seen, ["DRAINING 2", "DRAINING 1", "DECOMMISSIONED 0"]);
});

Deno.test("followDrain() ends when it is cancelled, and when time is up", async () => {
  const cancelled = clientOf(["DRAINING", 2], ["ON_DUTY", 2]);
  const options = { timeoutMs: 10_000, intervalMs: 1 };
  assert.equal((await followDrain(cancelled, "n1", options)).state, "ON_DUTY");
  await assert.rejects(
    followDrain(clientOf(["DRAINING", 2]), "n1", { timeoutMs: 0, intervalMs: 1 }),
    (error) => error instanceof AetherError && error.name === "TIMEOUT",
  );
});
