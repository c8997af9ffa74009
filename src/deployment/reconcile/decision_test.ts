import assert from "node:assert/strict";
import { at, decide, next, target } from "./scene_fixture_test.ts";

Deno.test("reconcile() replaces a drained instance before it stops it", () => {
  const nodes = { n1: "DRAINING", n2: "ON_DUTY" } as const;
  const targets = [target(1)];
  const first = decide({ targets, nodes, instances: [at("n1", 1)] });
  assert.deepEqual(first.texts, ["start n2/1.0.0/1"]);
  const second = decide({ targets, nodes, instances: [at("n1", 1), at("n2", 1, "LOADING")] });
  assert.deepEqual(second.texts, []);
  const third = decide({ targets, nodes, instances: [at("n1", 1), at("n2", 1)] });
  assert.deepEqual(third.texts, ["stop n1/1.0.0/1"]);
});

Deno.test("reconcile() keeps a drained instance that minAvailable needs", () => {
  const { texts, notes } = decide({
    targets: [target(2, { minAvailable: 2 })],
    nodes: { n1: "DRAINING", n2: "ON_DUTY" },
    instances: [at("n1", 1), at("n2", 1)],
    perNode: 1,
  });
  assert.deepEqual(texts, []);
  assert.deepEqual(notes?.slice(1), [
    "Instance 1 stays on draining n1: there is no room for the 2 that must be ACTIVE on other " +
    "nodes",
  ]);
});

Deno.test("reconcile() leaves a joining node alone and counts what it has", () => {
  const nodes = { n1: "JOINING", n2: "ON_DUTY" } as const;
  const instances = [at("n1", 1, "STARTING")];
  assert.deepEqual(decide({ targets: [target(2)], nodes, instances }).texts, ["start n2/1.0.0/1"]);
});

Deno.test("reconcile() drains a node one instance after the other, dependents first", () => {
  const log = "org.shop:log:1.0.0";
  const logTarget = target(1, { artifactBase: "org.shop:log", artifact: log });
  const targets = [logTarget, target(2, { dependencies: [log] })];
  const nodes = { n1: "DRAINING", n2: "ON_DUTY" } as const;
  const own = at("n1", 1, "ACTIVE", { artifact: log, id: "log" });
  const full = [own, at("n1", 1), at("n1", 2)];
  assert.deepEqual(decide({ targets, nodes, instances: full }).texts, ["start n2/1.0.0/1"]);
  const starting = [...full, at("n2", 1, "LOADING")];
  assert.deepEqual(decide({ targets, nodes, instances: starting }).texts, []);
  const replaced = [...full, at("n2", 1)];
  assert.deepEqual(decide({ targets, nodes, instances: replaced }).texts, ["stop n1/1.0.0/2"]);
  const unloading = [own, at("n1", 1), at("n1", 2, "UNLOADING"), at("n2", 1)];
  assert.deepEqual(decide({ targets, nodes, instances: unloading }).texts, []);
  const half = [own, at("n1", 1), at("n2", 1)];
  assert.deepEqual(decide({ targets, nodes, instances: half }).texts, ["start n2/1.0.0/2"]);
  const rest = [own, at("n2", 1), at("n2", 2)];
  assert.deepEqual(decide({ targets, nodes, instances: rest }).texts, ["start n2/1.0.0/1"]);
  const empty = [at("n2", 1), at("n2", 2), at("n2", 1, "ACTIVE", { artifact: log })];
  assert.deepEqual(decide({ targets, nodes, instances: empty }).texts, ["drained n1"]);
});

Deno.test("reconcile() replaces all that minAvailable needs before it ends the first", () => {
  const targets = [target(3, { minAvailable: 3 })];
  const nodes = { n1: "DRAINING", n2: "ON_DUTY" } as const;
  const on1 = [at("n1", 1), at("n1", 2)];
  const first = [...on1, at("n2", 1)];
  assert.deepEqual(decide({ targets, nodes, instances: first }).texts, ["start n2/1.0.0/2"]);
  const second = [...first, at("n2", 2)];
  assert.deepEqual(decide({ targets, nodes, instances: second }).texts, ["start n2/1.0.0/3"]);
  const third = [...second, at("n2", 3)];
  const { texts, notes } = decide({ targets, nodes, instances: third });
  assert.deepEqual([texts, notes], [["stop n1/1.0.0/2"], []]);
});

Deno.test("reconcile() drains past an instance that has failed for good", () => {
  const nodes = { n1: "DRAINING", n2: "ON_DUTY", n3: "ON_DUTY" } as const;
  const failed = at("n2", 1, "FAILED", { attempt: 5 });
  const one = [at("n1", 1), failed, at("n3", 1)];
  assert.deepEqual(decide({ targets: [target(2)], nodes, instances: one }).texts, [
    "stop n1/1.0.0/1",
  ]);
  const retried = [at("n1", 1), at("n2", 1, "FAILED", { attempt: 4 }), at("n3", 1)];
  assert.deepEqual(decide({ targets: [target(2)], nodes, instances: retried }).texts, []);
  const targets = [target(3, { minAvailable: 2 })];
  const two = [at("n1", 1), at("n1", 2), failed, at("n3", 1)];
  assert.deepEqual(decide({ targets, nodes, instances: two }).texts, ["start n3/1.0.0/2"]);
  const replaced = [...two, at("n3", 2)];
  assert.deepEqual(decide({ targets, nodes, instances: replaced }).texts, ["stop n1/1.0.0/2"]);
  const last = [target(1, { minAvailable: 0 })];
  assert.deepEqual(decide({ targets: last, nodes, instances: [at("n1", 1), failed] }).texts, []);
  const needed = [target(2, { minAvailable: 2 })];
  assert.deepEqual(decide({ targets: needed, nodes, instances: one }).texts, []);
});

Deno.test("reconcile() drains each version of a rollout, as long as both together are enough", () => {
  const part = { isPart: true, minAvailable: 2 };
  const targets = [target(2, part), target(1, { ...part, artifact: next })];
  const nodes = { n1: "DRAINING", n2: "ON_DUTY" } as const;
  const fresh = { artifact: next };
  const both = [at("n2", 1), at("n2", 2), at("n1", 1, "ACTIVE", fresh)];
  const replaced = [...both, at("n2", 1, "ACTIVE", fresh)];
  assert.deepEqual(decide({ targets, nodes, instances: replaced }).texts, ["stop n1/2.0.0/1"]);
  const last = [at("n1", 1, "ACTIVE", fresh), at("n2", 1, "ACTIVE", fresh)];
  const alone = decide({ targets: [target(0, part), ...targets.slice(1)], nodes, instances: last });
  assert.deepEqual(alone.texts, [], "the budget of both versions holds");
});

Deno.test("reconcile() keeps what a cancelled drain has not moved", () => {
  const nodes = { n1: "ON_DUTY", n2: "ON_DUTY" } as const;
  const instances = [at("n1", 1), at("n2", 1), at("n2", 2)];
  assert.deepEqual(decide({ targets: [target(2)], nodes, instances }).texts, ["stop n2/1.0.0/2"]);
});

Deno.test("reconcile() moves everything at once from a node that is SHUTTING_DOWN", () => {
  const nodes = { n1: "SHUTTING_DOWN", n2: "ON_DUTY" } as const;
  const instances = [at("n1", 1), at("n1", 2)];
  assert.deepEqual(decide({ targets: [target(2)], nodes, instances }).texts, [
    "start n2/1.0.0/1",
    "start n2/1.0.0/2",
  ]);
});
