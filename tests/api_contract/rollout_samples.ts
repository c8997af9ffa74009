/**
 * Samples of the rows about rollouts: slices with two versions, and rollouts in every state that a
 * row needs.
 *
 * @module
 */
import { until } from "../../scripts/lib/until.ts";
import { repositoryPath } from "../../src/protocol/coordinates.ts";
import { packedSlice } from "./slices.ts";
import type { TestApi } from "./setup.ts";

const names = ["started", "steered", "updated", "routed", "completed", "returned"] as const;
const json = { "content-type": "application/json" };

function base(name: typeof names[number]): string {
  return `org.example:${name}`;
}

function idOf(name: typeof names[number]) {
  return { id: base(name) };
}

/** A good call of each row about rollouts. */
export const goodRollouts = {
  deployStart: {
    body: JSON.stringify({ artifact: `${base("started")}:2.0.0`, strategy: "canary" }),
    status: 201,
  },
  deployList: {},
  deployStatus: { params: idOf("steered") },
  deployHealth: { params: idOf("steered") },
  deployChange: { params: { ...idOf("steered"), action: "pause" } },
  rollingUpdateStart: {
    body: JSON.stringify({ artifactBase: base("updated"), version: "2.0.0" }),
    status: 201,
  },
  scale: { body: JSON.stringify({ artifact: "org.example:echo", instances: 1 }) },
  controllerDecisions: {},
  rollingUpdateList: {},
  rollingUpdateStatus: { params: idOf("routed") },
  rollingUpdateHealth: { params: idOf("routed") },
  rollingUpdateRouting: { params: idOf("routed"), body: JSON.stringify({ routing: "1:3" }) },
  rollingUpdateComplete: { params: idOf("completed") },
  rollingUpdateRollback: { params: idOf("returned") },
};

const wrongId = { part: "params", params: { id: "x".repeat(257) }, issue: "id" } as const;

/** Wrong calls of each row about rollouts. */
export const wrongRollouts = {
  deployStart: [
    { part: "body", body: '{"artifact": "a:b:1.0.0", "strategy": "red"}', issue: "strategy" },
    { part: "body", body: '{"artifact": "a:b:1.0.0", "maxErrorRate": 2}', issue: "maxErrorRate" },
    { part: "body", body: '{"artifact": "a:b:1.0.0", "percent": 0}', issue: "percent" },
    { part: "body", body: '{"artifact": "a:b:1.0.0", "split": {"by": "x"}}', issue: "split.by" },
    { part: "body", body: '{"artifact": "a:b:1.0.0", "split": {"by": "cookie"}}', issue: "split" },
  ],
  deployList: [],
  deployStatus: [wrongId],
  deployHealth: [wrongId],
  deployChange: [{ part: "params", params: { id: "a", action: "explode" }, issue: "action" }],
  rollingUpdateStart: [
    { part: "body", body: '{"artifactBase": "a:b"}', issue: "version" },
  ],
  scale: [
    { part: "body", body: '{"artifact": "a:b", "instances": 0}', issue: "instances" },
  ],
  controllerDecisions: [],
  rollingUpdateList: [],
  rollingUpdateStatus: [wrongId],
  rollingUpdateHealth: [wrongId],
  rollingUpdateRouting: [
    wrongId,
    { part: "body", params: { id: "a" }, body: '{"routing": "0:0"}', issue: "routing" },
    { part: "body", params: { id: "a" }, body: '{"routing": "1/3"}', issue: "routing" },
  ],
  rollingUpdateComplete: [wrongId],
  rollingUpdateRollback: [wrongId],
} as const;

/** Publishes two versions of each slice, applies the first, and starts what is steered later. */
export async function prepareRollouts(api: TestApi, auth: Record<string, string>): Promise<void> {
  const must = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>) => {
    const headers = typeof body === "string" && body[0] === "{" ? { ...auth, ...json } : auth;
    const response = await api.fetch(method, path, { body, headers });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    await response.body?.cancel();
  };
  for (const name of names) {
    for (const version of ["1.0.0", "2.0.0"]) {
      const path = repositoryPath({ group: "org.example", name, version });
      await must("PUT", `/repository/${path}`, packedSlice(`${base(name)}:${version}`));
    }
  }
  for (const name of names) {
    // Each in a blueprint of its own, which has one rollout at a time.
    const table = `[[slices]]\nartifact = "${base(name)}:1.0.0"\n`;
    await must("POST", "/api/blueprint", `id = "org.example:rolls-${name}:1.0.0"\n${table}`);
  }
  const waiting = ["steered", "routed", "completed", "returned"] as const;
  for (const name of waiting) {
    const artifact = `${base(name)}:2.0.0`;
    const more = { manual: true, cleanup: "MANUAL" };
    await must("POST", "/api/deploy", JSON.stringify({ artifact, strategy: "rolling", ...more }));
  }
  await until("the new versions take calls", async () => {
    const response = await api.fetch("GET", "/api/deploys", { headers: auth });
    const { deploys } = await response.json() as { deploys: { state: string }[] };
    return deploys.every(({ state }) => state === "ROUTING") || undefined;
  });
}
