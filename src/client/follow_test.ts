import assert from "node:assert/strict";
import { AetherClient } from "./client.ts";
import { followDeployment } from "./follow.ts";

const id = "org.example:shop:1.0.0";

/** A client of an API that answers these states one after the other; the last one stays. */
function client(...states: string[]): AetherClient {
  let index = 0;
  return new AetherClient({
    fetch: () => {
      const status = states[Math.min(index++, states.length - 1)];
      const slice = { artifact: "org.example:echo:1.0.0", instances: 1, active: 0 };
      const state = status === "FAILED" || status === "PARTIAL" ? "FAILED" : "DEPLOYING";
      const slices = [{ ...slice, status: state, reason: "It throws" }];
      return Promise.resolve(Response.json({ id, status, revision: 1, slices }));
    },
  });
}

Deno.test("followDeployment() reports every change once and returns the last status", async () => {
  const seen: string[] = [];
  const api = client("PENDING", "PENDING", "IN_PROGRESS", "DEPLOYED");
  const last = await followDeployment(api, id, {
    timeoutMs: 10_000,
    intervalMs: 1,
    onProgress: ({ status }) => Promise.resolve(void seen.push(status)),
  });
  assert.deepEqual(seen, ["PENDING", "IN_PROGRESS", "DEPLOYED"]);
  assert.equal(last.status, "DEPLOYED");
});

Deno.test("followDeployment() throws DEPLOYMENT_FAILED with the reasons", async () => {
  for (const state of ["FAILED", "PARTIAL"]) {
    await assert.rejects(followDeployment(client(state), id, { timeoutMs: 1000 }), {
      name: "DEPLOYMENT_FAILED",
      message: `${id} did not deploy: 1 of 1 slices failed`,
      issues: [{ path: "org.example:echo:1.0.0", message: "It throws" }],
    });
  }
});

Deno.test("followDeployment() throws TIMEOUT with what it waits for", async () => {
  const following = followDeployment(client("IN_PROGRESS"), id, { timeoutMs: 5, intervalMs: 10 });
  await assert.rejects(following, {
    name: "TIMEOUT",
    message: `${id} is still IN_PROGRESS after 5ms`,
    issues: [{ path: "org.example:echo:1.0.0", message: "It throws" }],
  });
});

Deno.test("followDeployment() ends with the reason of its signal", async () => {
  const options = { timeoutMs: 1000, signal: AbortSignal.abort(new Error("Enough")) };
  const api = new AetherClient({ fetch: (_, init) => Promise.reject(init?.signal?.reason) });
  await assert.rejects(followDeployment(api, id, options), /Enough/);
});
