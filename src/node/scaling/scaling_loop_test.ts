import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { type CallCounts, noCounts } from "../../protocol/figures.ts";
import { keys } from "../../protocol/keys.ts";
import {
  addMember,
  applyBlueprint,
  elect,
  MemoryStore,
  recordingLogger,
  reportInstance,
} from "../control/store_fixture_test.ts";
import { storedTargets } from "../control/views.ts";
import { ScalingLoop } from "./scaling_loop.ts";

const echo = "org.example:echo:1.0.0";

/** A leader's loop over two instances of echo, which get so many calls of a second each. */
class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly rules = {
    enabled: true,
    dryRun: false,
    upInFlight: 8,
    downInFlight: 2,
    upCpuPercent: 80,
    downCpuPercent: 20,
    maxInstances: 9,
  };
  readonly loop: ScalingLoop;
  readonly #leading: { node: string; term: number };
  calls = 0;
  /** CPU time of all instances in each second. */
  cpuMs = 0;

  constructor() {
    addMember(this.store, "n1");
    this.#leading = { node: "n1", term: elect(this.store, "n1") };
    const slice = { artifact: echo, instances: 2, minAvailable: 1 };
    applyBlueprint(this.store, "org.example:app:1.0.0", slice);
    const instances = [1, 2].map((number) => ({ number, attempt: 1 }));
    const key = keys.assignment.key("n1", echo);
    this.store.write("leader", keys.assignment.put(key, { artifact: echo, node: "n1", instances }));
    for (const number of [1, 2]) reportInstance(this.store, { artifact: echo, node: "n1", number });
    this.loop = new ScalingLoop({
      store: this.store,
      clock: this.clock,
      log: recordingLogger().log,
      instancesPerNode: 3,
      rules: () => this.rules,
      isAlive: () => true,
      figures: {
        gather: () => Promise.resolve(),
        mark: () => new Map(),
        since: () => ({ requests: 0, errors: 0, p99Ms: 0 }),
        counts: () => this.#counts(),
      },
    });
  }

  #counts(): CallCounts {
    const counts = noCounts(echo);
    // The bound next to a second.
    counts.latencies[38] = this.calls;
    return { ...counts, requests: this.calls, cpuMs: this.cpuMs };
  }

  /** So many seconds pass. */
  async run(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(1_000);
      await this.loop.step(this.#leading);
    }
  }

  get wanted(): number | undefined {
    return storedTargets(this.store.state)[0]?.instances;
  }
}

Deno.test("ScalingLoop scales what is busy and keeps from what it concluded that", async () => {
  const world = new World();
  world.calls = 40;
  await world.run(35);
  assert.equal(world.wanted, 3);
  const [record] = world.loop.records;
  assert.deepEqual([record?.from, record?.to, record?.result], [2, 3, "applied"]);
  assert.equal(record?.inputs.requestsPerSecond, 40);
  assert.ok((record?.inputs.inFlight ?? 0) > 30, JSON.stringify(record));
});

Deno.test("ScalingLoop changes nothing in a dry run, and does nothing when it is off", async () => {
  const world = new World();
  world.calls = 40;
  world.rules.dryRun = true;
  await world.run(35);
  assert.equal(world.wanted, 2);
  assert.equal(world.loop.records[0]?.result, "dry-run");
  const off = new World();
  off.calls = 40;
  off.rules.enabled = false;
  await off.run(60);
  assert.deepEqual([off.wanted, off.loop.records], [2, []]);
});

Deno.test("ScalingLoop never wants more than there is room for", async () => {
  const world = new World();
  world.calls = 400;
  await world.run(35);
  assert.equal(world.wanted, 3);
  for (const number of [1, 2, 3]) {
    reportInstance(world.store, { artifact: echo, node: "n1", number });
  }
  const instances = [1, 2, 3].map((number) => ({ number, attempt: 1 }));
  const key = keys.assignment.key("n1", echo);
  const assigned = { artifact: echo, node: "n1", instances };
  world.store.write("leader", keys.assignment.put(key, assigned));
  await world.run(60);
  assert.equal(world.wanted, 3);
});

Deno.test("ScalingLoop scales by CPU time, and the record says from what", async () => {
  const world = new World();
  world.cpuMs = 1_800;
  await world.run(60);
  const [record] = world.loop.records.slice(-1);
  assert.deepEqual([record?.from, record?.to, record?.result], [2, 3, "applied"]);
  assert.match(record?.reason ?? "", /% of a core per instance, above 80/);
  assert.ok(Math.abs((record?.inputs.cores ?? 0) - 1.8) < 1e-9);
});
