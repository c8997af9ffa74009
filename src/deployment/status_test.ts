import assert from "node:assert/strict";
import type { InstanceState } from "../protocol/instance_state.ts";
import { blueprintStatus } from "./status.ts";
import type { Instance } from "./targets.ts";

const slice = { instances: 2, minAvailable: 1, isDependency: false, dependencies: [] };
const blueprint = {
  id: "org.shop:app:1.0.0",
  source: "",
  slices: [
    { ...slice, artifact: "org.shop:b:1.0.0", instances: 1 },
    { ...slice, artifact: "org.shop:a:1.0.0", dependencies: ["org.shop:b:1.0.0"] },
  ],
};

function instance(artifact: string, n: number, state: InstanceState, more = {}): Instance {
  return { id: `n1/${artifact}/${n}`, artifact, node: "n1", n, state, attempt: 1, ...more };
}

const b = instance("org.shop:b:1.0.0", 1, "ACTIVE");

function statuses(...instances: Instance[]): string[] {
  const { status, slices } = blueprintStatus(blueprint, instances, { revision: 3 });
  return [
    status,
    ...slices.map((each) =>
      `${each.status} ${each.active}/${each.instances}${each.reason ? ` ${each.reason}` : ""}`
    ),
  ];
}

Deno.test("blueprintStatus() is PENDING while nothing runs, and says what is waited for", () => {
  assert.deepEqual(statuses(), [
    "PENDING",
    "PENDING 0/1",
    "PENDING 0/2 Waits for org.shop:b:1.0.0 to be ACTIVE",
  ]);
  assert.equal(blueprintStatus(blueprint, [], { revision: 3 }).revision, 3);
});

Deno.test("blueprintStatus() is IN_PROGRESS on the way up", () => {
  const loading = instance("org.shop:b:1.0.0", 1, "LOADING");
  assert.deepEqual(statuses(loading).slice(0, 2), ["IN_PROGRESS", "DEPLOYING 0/1"]);
  assert.deepEqual(statuses(b), ["IN_PROGRESS", "DEPLOYED 1/1", "PENDING 0/2"]);
  assert.deepEqual(statuses(b, instance("org.shop:a:1.0.0", 1, "ACTIVE")), [
    "IN_PROGRESS",
    "DEPLOYED 1/1",
    "DEPLOYING 1/2",
  ]);
});

const a1 = instance("org.shop:a:1.0.0", 1, "ACTIVE");
const a2 = instance("org.shop:a:1.0.0", 2, "ACTIVE");

Deno.test("blueprintStatus() is DEPLOYED when exactly the wanted instances are ACTIVE", () => {
  assert.deepEqual(statuses(b, a1, a2), ["DEPLOYED", "DEPLOYED 1/1", "DEPLOYED 2/2"]);
});

Deno.test("blueprintStatus() is SCALING_DOWN while there is more, or an older version", () => {
  const a3 = instance("org.shop:a:1.0.0", 3, "ACTIVE");
  assert.deepEqual(statuses(b, a1, a2, a3).slice(0, 3), [
    "IN_PROGRESS",
    "DEPLOYED 1/1",
    "SCALING_DOWN 3/2",
  ]);
  const old = instance("org.shop:a:0.9.0", 1, "ACTIVE");
  assert.equal(statuses(b, a1, a2, old)[2], "SCALING_DOWN 2/2");
  assert.equal(statuses(b, a1, a2, { ...old, state: "UNLOADING" })[2], "DEPLOYED 2/2");
});

Deno.test("blueprintStatus() is PARTIAL or FAILED once no retry is left", () => {
  const failure = { reason: "It does not load" };
  const retried = instance("org.shop:a:1.0.0", 2, "FAILED", failure);
  assert.deepEqual(statuses(b, a1, retried), [
    "IN_PROGRESS",
    "DEPLOYED 1/1",
    "DEPLOYING 1/2 It does not load",
  ]);
  const final = { ...retried, attempt: 5 };
  assert.deepEqual(statuses(b, a1, final), [
    "PARTIAL",
    "DEPLOYED 1/1",
    "FAILED 1/2 It does not load",
  ]);
  assert.deepEqual(statuses(instance("org.shop:b:1.0.0", 1, "FAILED", { fatal: true })), [
    "FAILED",
    "FAILED 0/1",
    "PENDING 0/2 Waits for org.shop:b:1.0.0 to be ACTIVE",
  ]);
});
