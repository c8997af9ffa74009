import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { MemoryStore, recordingLogger, turn } from "../control/store_fixture_test.ts";
import { BackupSchedule } from "./schedule.ts";

const hourMs = 3_600_000;

/** Nodes that share a store and a clock. */
class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly made: string[] = [];
  readonly down = new Set<string>();
  failing: string | undefined;
  intervalMs: number | undefined = hourMs;
  readonly schedules = ["n1", "n2", "n3"].map((node) =>
    new BackupSchedule({
      node,
      store: Object.assign(Object.create(this.store) as MemoryStore, {
        propose: this.store.propose.bind(this.store),
        voters: ["n1", "n2", "n3"],
        state: this.store.state,
      }),
      clock: this.clock,
      log: recordingLogger().log,
      intervalMs: () => this.intervalMs,
      isAlive: (other) => !this.down.has(other),
      hasQuorum: () => !this.down.has(node),
      create: () => {
        if (this.failing === node) return Promise.reject(new Error("Disk full"));
        this.made.push(node);
        return Promise.resolve();
      },
    })
  );

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5_000) {
      this.clock.advance(5_000);
      await turn();
      await turn();
    }
  }

  stop(): void {
    for (const schedule of this.schedules) schedule.stop();
  }
}

Deno.test("BackupSchedule makes one backup a period, each voter in turn", async () => {
  const world = new World();
  await world.advance(10_000);
  assert.equal(world.made.length, 1, "the first one at once");
  await world.advance(3 * hourMs);
  assert.equal(world.made.length, 4);
  assert.deepEqual(new Set(world.made.slice(0, 3)), new Set(["n1", "n2", "n3"]));
  assert.equal(world.made[3], world.made[0]);
  world.stop();
});

Deno.test("BackupSchedule leaves out voters that are down, and does nothing without interval", async () => {
  const world = new World();
  world.down.add("n2");
  await world.advance(4 * hourMs);
  assert.ok(world.made.length >= 4 && !world.made.includes("n2"), world.made.join());
  const { length } = world.made;
  world.intervalMs = undefined;
  await world.advance(4 * hourMs);
  assert.equal(world.made.length, length);
  world.stop();
});

Deno.test("BackupSchedule tries again in the same period after a failure", async () => {
  const world = new World();
  world.down.add("n2").add("n3");
  world.failing = "n1";
  await world.advance(30_000);
  assert.deepEqual(world.made, []);
  world.failing = undefined;
  await world.advance(90_000);
  assert.deepEqual(world.made, ["n1"]);
  world.stop();
});
