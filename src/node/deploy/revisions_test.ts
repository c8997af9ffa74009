import assert from "node:assert/strict";
import { begun } from "../../deployment/rollout/rollout_fixture_test.ts";
import type { ExpandedBlueprint } from "../../protocol/blueprint.ts";
import { keys } from "../../protocol/keys.ts";
import { MemoryStore, reportInstance } from "../control/store_fixture_test.ts";
import { storedBlueprints, storedTargets } from "../control/views.ts";
import { recordOperations, replaceOperations, revisionsOf, settlements } from "./revisions.ts";

const app = "org.example:app";

function blueprint(version: string, ...artifacts: string[]): ExpandedBlueprint {
  const more = { instances: 1, minAvailable: 1, isDependency: false, dependencies: [] };
  return {
    id: `${app}:${version}`,
    source: version,
    slices: artifacts.map((artifact) => ({ artifact, ...more })),
  };
}

class World {
  readonly store = new MemoryStore();
  #current: string | undefined;

  apply(next: ExpandedBlueprint): void {
    const { state } = this.store;
    const { operations } = recordOperations(state, { blueprint: next, appliedAtMs: 1 });
    this.store.write("operator", ...replaceOperations(state, this.#current, next), ...operations);
    this.#current = next.id;
  }

  run(artifact: string, state: "ACTIVE" | "FAILED"): void {
    const instances = [{ number: 1, attempt: 1 }];
    const key = keys.assignment.key("n1", artifact);
    this.store.write("leader", keys.assignment.put(key, { artifact, node: "n1", instances }));
    const failure = state === "FAILED" ? { fatal: true, reason: "It throws", failures: 1 } : {};
    reportInstance(this.store, { artifact, node: "n1", state, ...failure });
  }

  end(artifact: string): void {
    this.store.write("leader", { type: "delete", key: keys.assignment.key("n1", artifact) });
    this.store.write("node", { type: "delete", key: keys.instance.key("n1", artifact, 1) });
  }

  roll(state: "ROUTING" | "ROLLED_BACK"): void {
    const id = `${app}:1.0.0`;
    const rollout = begun("rolling", { artifactBase: echo, blueprint: id, state });
    this.store.write("operator", keys.rollout.put(keys.rollout.key(echo), rollout));
  }

  settle(): string[] {
    return settlements(this.store.state, 5).map(({ then, text }) => {
      this.store.write("operator", ...then);
      return text;
    });
  }

  get states(): string[] {
    return revisionsOf(this.store.state, app).map(({ value }) => `${value.number} ${value.state}`);
  }
}

const echo = "org.example:echo";
const echo1 = "org.example:echo:1.0.0";
const echo2 = "org.example:echo:2.0.0";
const more = "org.example:more:1.0.0";

Deno.test("settlements() say when a revision is deployed, once", () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  assert.deepEqual(world.settle(), []);
  world.run(echo1, "ACTIVE");
  assert.deepEqual(world.settle(), [`${app}:1.0.0 is deployed`]);
  assert.deepEqual(world.settle(), []);
  assert.deepEqual(world.states, ["1 DEPLOYED"]);
});

Deno.test("settlements() return to the last good revision when one slice fails for good", () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  world.run(echo1, "ACTIVE");
  world.settle();
  world.apply(blueprint("2.0.0", echo2, more));
  world.run(more, "ACTIVE");
  assert.deepEqual(world.settle(), []);
  world.run(echo2, "FAILED");
  assert.deepEqual(world.settle(), [`${app}:2.0.0 failed and returns to revision 1`]);
  assert.deepEqual(world.states, ["1 DEPLOYED", "2 ROLLED_BACK", "3 DEPLOYING"]);
  assert.deepEqual(storedBlueprints(world.store.state).map(({ id }) => id), [`${app}:1.0.0`]);
  const targets = storedTargets(world.store.state);
  assert.deepEqual(targets.map(({ artifact, blueprint: id }) => [artifact, id]), [
    [echo1, `${app}:1.0.0`],
  ]);
  const records = revisionsOf(world.store.state, app);
  const failures = [{ artifact: echo2, reason: "It throws" }];
  assert.deepEqual(records[1]?.value.failures, failures);
  assert.equal(records[2]?.value.returnsTo, 1);
  for (const artifact of [echo2, more]) world.end(artifact);
  assert.deepEqual(world.settle(), [`${app}:1.0.0 is deployed`]);
});

Deno.test("settlements() leave what failed first, and a failed return, as they are", () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  world.run(echo1, "FAILED");
  const text = `${app}:1.0.0 failed, and there is no way back`;
  assert.deepEqual(world.settle(), [text]);
  assert.deepEqual(world.states, ["1 FAILED"]);
  assert.equal(storedTargets(world.store.state)[0]?.artifact, echo1);
  const other = new World();
  other.apply(blueprint("1.0.0", echo1));
  other.run(echo1, "ACTIVE");
  other.settle();
  other.apply(blueprint("1.0.0", echo2));
  other.run(echo2, "FAILED");
  other.settle();
  other.run(echo1, "FAILED");
  assert.deepEqual(other.settle(), [text]);
  assert.deepEqual(other.states, ["1 DEPLOYED", "2 ROLLED_BACK", "3 FAILED"]);
});

Deno.test("settlements() blame a revision only for the slices that it changes", () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  world.run(echo1, "ACTIVE");
  world.settle();
  world.run(echo1, "FAILED");
  world.apply(blueprint("1.1.0", echo1, more));
  assert.deepEqual(world.settle(), [], "what is new does not run yet");
  world.run(more, "ACTIVE");
  assert.deepEqual(world.settle(), [`${app}:1.1.0 is deployed`]);
  assert.deepEqual(world.states, ["1 DEPLOYED", "2 DEPLOYED"]);
});

Deno.test("settlements() judge a slice whose number of instances changes", () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  world.run(echo1, "ACTIVE");
  world.settle();
  const { slices, ...rest } = blueprint("2.0.0", echo1);
  world.apply({ ...rest, slices: slices.map((slice) => ({ ...slice, instances: 2 })) });
  assert.deepEqual(world.settle(), [], "one instance is missing");
});

Deno.test("settlements() compare with all that was applied since the last good revision", () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  world.run(echo1, "ACTIVE");
  world.settle();
  world.apply(blueprint("2.0.0", echo2));
  world.end(echo1);
  world.apply(blueprint("3.0.0", echo1));
  assert.deepEqual(world.settle(), [], "the instances of the first version ended meanwhile");
  world.run(echo1, "ACTIVE");
  assert.deepEqual(world.settle(), [`${app}:3.0.0 is deployed`]);
});

Deno.test("settlements() do not wait for room when another slice fails for good", () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  world.run(echo1, "ACTIVE");
  world.settle();
  const { slices, ...rest } = blueprint("2.0.0", more, echo2);
  world.apply({ ...rest, slices: slices.map((slice) => ({ ...slice, instances: 2 })) });
  world.run(more, "ACTIVE");
  world.run(echo2, "FAILED");
  assert.deepEqual(world.settle(), [`${app}:2.0.0 failed and returns to revision 1`]);
  const failures = [{ artifact: echo2, reason: "It throws" }];
  assert.deepEqual(revisionsOf(world.store.state, app)[1]?.value.failures, failures);
});

Deno.test("settlements() wait for the end of a rollout, and lose against a new one", async () => {
  const world = new World();
  world.apply(blueprint("1.0.0", echo1));
  world.run(echo1, "ACTIVE");
  world.roll("ROUTING");
  assert.deepEqual(world.settle(), []);
  world.roll("ROLLED_BACK");
  const [settlement] = settlements(world.store.state, 5);
  assert.ok(settlement !== undefined);
  world.roll("ROUTING");
  const applied = await world.store.propose("operator", { ...settlement, otherwise: [] });
  assert.deepEqual([applied.succeeded, world.states], [false, ["1 DEPLOYING"]]);
  world.roll("ROLLED_BACK");
  assert.deepEqual(world.settle(), [`${app}:1.0.0 is deployed`]);
});

Deno.test("recordOperations() keep the last twenty revisions", () => {
  const world = new World();
  for (let count = 0; count < 25; count++) world.apply(blueprint("1.0.0", echo1));
  const numbers = revisionsOf(world.store.state, app).map(({ value }) => value.number);
  assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [20, 6, 25]);
});
