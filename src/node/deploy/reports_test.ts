import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { InstanceState } from "../../protocol/instance_state.ts";
import { keys } from "../../protocol/keys.ts";
import { MemoryStore, recordingLogger, turn } from "../control/store_fixture_test.ts";
import { storedInstances } from "../control/views.ts";
import { Reports } from "./reports.ts";

const artifact = "org.example:echo:1.0.0";
const key = keys.instance.key("n1", artifact, 1);

class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly recorded = recordingLogger();
  readonly reports = new Reports({
    store: this.store,
    clock: this.clock,
    log: this.recorded.log,
  });

  write(state: InstanceState): Promise<number> {
    const value = { artifact, node: "n1", number: 1, state, attempt: 1 };
    return this.reports.write(keys.instance.put(key, { ...value, changedAtMs: 0, failures: 0 }));
  }

  get states(): InstanceState[] {
    return storedInstances(this.store.state).map(({ value }) => value.state);
  }
}

Deno.test("Reports.write() keeps the order of an instance's states, and answers the revision", async () => {
  const world = new World();
  world.store.isHeld = true;
  const first = world.write("DOWNLOADING");
  const second = world.write("LOADING");
  const third = world.write("STARTING");
  await turn();
  assert.equal(world.store.waiting, 1, "one write is under way");
  world.store.isHeld = false;
  world.store.decide();
  assert.deepEqual(await Promise.all([first, second, third]), [1, 2, 2]);
  assert.deepEqual(world.states, ["STARTING"]);
});

Deno.test("Reports.write() is tried again each second until there is a majority", async () => {
  const world = new World();
  world.store.refusal = new AetherError("NOT_PROPOSED", "No majority");
  const written = world.write("DOWNLOADING");
  await turn();
  world.write("FAILED");
  await turn();
  world.store.refusal = undefined;
  world.clock.advance(1_000);
  assert.equal(await written, 1);
  assert.deepEqual(world.states, ["FAILED"]);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("Reports.write() drops what the store refuses, and goes on", async () => {
  const world = new World();
  world.store.isHeld = true;
  const lost = world.write("ACTIVE");
  const late = world.write("UNLOADING");
  const first = world.write("DOWNLOADING");
  world.store.isHeld = false;
  world.store.decide();
  assert.deepEqual(await Promise.all([lost, late, first]), [0, 0, 1]);
  assert.deepEqual(world.states, ["DOWNLOADING"]);
  world.reports.stop();
});
