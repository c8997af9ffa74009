import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { begun, from, to } from "../../deployment/rollout/rollout_fixture_test.ts";
import type { ExpandedBlueprint } from "../../protocol/blueprint.ts";
import { noCounts } from "../../protocol/figures.ts";
import { keys } from "../../protocol/keys.ts";
import {
  addMember,
  elect,
  MemoryStore,
  recordingLogger,
  reportInstance,
} from "../control/store_fixture_test.ts";
import { storedBlueprints, storedTargets } from "../control/views.ts";
import { replaceOperations } from "../deploy/revisions.ts";
import { scaleWrite } from "../scaling/scale.ts";
import { RolloutDriver } from "./rollout_driver.ts";

const app = "org.shop:app:1.0.0";
const other = "org.shop:other:1.0.0";

function blueprint(...artifacts: string[]): ExpandedBlueprint {
  const more = { instances: 2, minAvailable: 1, isDependency: false, dependencies: [] };
  return { id: app, source: "", slices: artifacts.map((artifact) => ({ artifact, ...more })) };
}

class World {
  readonly store = new MemoryStore();
  readonly #term = elect(this.store, "n1");
  readonly #driver = new RolloutDriver({
    store: this.store,
    clock: new ManualClock(),
    log: recordingLogger().log,
    instancesPerNode: 4,
    isAlive: () => true,
    figures: {
      gather: () => Promise.resolve(),
      mark: () => new Map(),
      counts: noCounts,
      since: () => ({ requests: 0, errors: 0, p99Ms: 0 }),
    },
  });

  constructor() {
    addMember(this.store, "n1");
    const operations = replaceOperations(this.store.state, undefined, blueprint(from, other));
    this.store.write("operator", ...operations);
  }

  scale(name: string, instances: number): void {
    this.store.write("operator", ...scaleWrite(this.store.state, name, instances).then);
  }

  /** A rollout whose old version has ended, and whose new one has so many ACTIVE instances. */
  almostDone(instances: number, active = instances): void {
    const rollout = begun("immediate", {
      state: "COMPLETING",
      instances,
      newInstances: instances,
      oldInstances: 0,
      next: blueprint(to, other),
    });
    const numbers = Array.from({ length: active }, (_, index) => index + 1);
    const assigned = numbers.map((number) => ({ number, attempt: 1 }));
    this.store.write(
      "leader",
      keys.assignment.put(keys.assignment.key("n1", to), {
        artifact: to,
        node: "n1",
        instances: assigned,
      }),
    );
    for (const number of numbers) reportInstance(this.store, { artifact: to, node: "n1", number });
    this.store.write("operator", keys.rollout.put(keys.rollout.key(rollout.artifactBase), rollout));
  }

  step(): Promise<number | undefined> {
    return this.#driver.step({ node: "n1", term: this.#term });
  }

  get targets(): string[] {
    return storedTargets(this.store.state).map((each) => `${each.artifact} x ${each.instances}`);
  }
}

Deno.test("RolloutDriver.step() completes a rollout at the scale of now", async () => {
  const world = new World();
  world.scale(from, 10);
  world.scale(other, 3);
  world.almostDone(10);
  await world.step();
  assert.deepEqual(world.targets, [`${to} x 10`, `${other} x 3`]);
  const [stored] = storedBlueprints(world.store.state);
  assert.deepEqual(stored?.slices.map(({ artifact, instances }) => [artifact, instances]), [
    [to, 2],
    [other, 2],
  ]);
});

Deno.test("RolloutDriver.step() goes on when the nodes on duty have no room for more", async () => {
  const world = new World();
  world.almostDone(5, 3);
  await world.step();
  assert.deepEqual(world.targets[0], `${from} x 0`, "there is room for a fourth");
  const full = new World();
  full.almostDone(5, 4);
  await full.step();
  assert.deepEqual(full.targets, [`${to} x 2`, `${other} x 2`]);
});

Deno.test("RolloutDriver.step() never undoes what is scaled meanwhile", async () => {
  const world = new World();
  world.almostDone(2);
  world.store.isHeld = true;
  const stepping = world.step();
  world.scale(other, 3);
  world.store.decide();
  await stepping;
  assert.deepEqual(world.targets, [`${from} x 0`, `${to} x 2`, `${other} x 3`]);
  world.store.isHeld = false;
  await world.step();
  assert.deepEqual(world.targets, [`${to} x 2`, `${other} x 3`]);
});
