import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { recordingLogger, turn } from "../control/store_fixture_test.ts";
import { depart } from "./departure.ts";

class World {
  readonly clock = new ManualClock();
  readonly recorded = recordingLogger();
  instances = 2;
  hasSuccessor = true;
  announced = 0;
  failure: Error | undefined;
  isDone = false;

  async leave(): Promise<void> {
    depart({
      clock: this.clock,
      log: this.recorded.log,
      announce: () => {
        this.announced++;
        return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
      },
      instances: () => this.instances,
      hasSuccessor: () => this.hasSuccessor,
      timeoutMs: () => 1_000,
    }).then(() => this.isDone = true);
    await turn();
  }

  async pass(durationMs: number): Promise<void> {
    for (let passed = 0; passed < durationMs; passed += 50) {
      this.clock.advance(50);
      await turn();
    }
  }
}

Deno.test("depart() waits until the last instance is gone", async () => {
  const world = new World();
  await world.leave();
  await world.pass(500);
  assert.deepEqual([world.announced, world.isDone], [1, false]);
  world.instances = 0;
  await world.pass(50);
  assert.deepEqual([world.isDone, world.recorded.lines], [true, []]);
});

Deno.test("depart() does not wait when nobody can take over", async () => {
  const alone = new World();
  alone.hasSuccessor = false;
  await alone.leave();
  assert.deepEqual([alone.announced, alone.isDone], [0, true]);
  const left = new World();
  await left.leave();
  left.hasSuccessor = false;
  await left.pass(50);
  assert.equal(left.isDone, true);
  assert.match(left.recorded.lines.join(), /No other node is on duty/);
});

Deno.test("depart() gives up in the end, and at once when it cannot be announced", async () => {
  const late = new World();
  await late.leave();
  await late.pass(950);
  assert.equal(late.isDone, false);
  await late.pass(50);
  assert.equal(late.isDone, true);
  assert.match(late.recorded.lines.join(), /shutdownTimeout has passed/);
  const refused = new World();
  refused.failure = new Error("No majority");
  await refused.leave();
  await refused.pass(50);
  assert.equal(refused.isDone, true);
  assert.match(refused.recorded.lines.join(), /The node stops before/);
});
