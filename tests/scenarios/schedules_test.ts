/**
 * A day of simulated time with a cron and an interval schedule, while leaders die in the middle of
 * fires: every due time is fired, each under one id, whatever the moment of the crash.
 *
 * `SCHEDULE_SEEDS=5,6` chooses the seeds.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { keys } from "../../src/protocol/keys.ts";
import { scheduleSchema } from "../../src/protocol/schedule/schedule.ts";
import type { InternalCall, InternalOutcome } from "../../src/protocol/thread/internal_calls.ts";
import type { Transaction, Writer } from "../../src/protocol/store/command.ts";
import {
  elect,
  MemoryStore,
  recordingLogger,
  turn,
} from "../../src/node/control/store_fixture_test.ts";
import { storedValues } from "../../src/node/control/views.ts";
import { Scheduler } from "../../src/node/schedule/scheduler.ts";
import type { WantedSchedule } from "../../src/node/schedule/wanted.ts";

const dayMs = 86_400_000;
const leaderChanges = 10;
const contract = "org.example:keeper";
const intervalMs = 60_000;
const cronMs = 6 * 60_000;

const wanted = new Map<string, WantedSchedule>(
  Object.entries({
    often: scheduleSchema.parse({ every: "1m" }),
    regular: scheduleSchema.parse({ cron: "*/6 * * * *" }),
  }).map(([name, schedule]) => [keys.schedule.key(contract, name), {
    contract,
    name,
    artifact: `${contract}:1.0.0`,
    schedule,
    isEnabled: true,
    isServed: true,
  }]),
);

/** Moments at which a leader dies; the last one is no death: it only stops to lead. */
const moments = [
  "before the intent",
  "after the intent",
  "before the call",
  "during the call",
  "before the end",
  "after the end",
  "idle",
  "stops leading",
] as const;
type Moment = typeof moments[number];

const never = new Promise<never>(() => {});

/** One node of the simulated cluster. */
class SimulatedNode {
  readonly clock: ManualClock;
  isUp = true;
  /** Dies when it comes to this moment. */
  plan: Moment | undefined;
  scheduler: Scheduler;

  constructor(readonly id: string, readonly world: SimulatedCluster, skewMs: number) {
    this.clock = new ManualClock(Date.UTC(2026, 0, 1) + skewMs);
    this.scheduler = this.#start();
  }

  /** Comes back without any memory of what it did. */
  restart(): void {
    this.isUp = true;
    this.scheduler = this.#start();
  }

  die(): void {
    this.isUp = false;
    this.plan = undefined;
    this.scheduler.stop();
    this.world.deaths++;
    this.world.onDeath();
  }

  #reaches(moment: Moment): boolean {
    if (!this.isUp) return true;
    if (this.plan !== moment) return false;
    this.die();
    return true;
  }

  #start(): Scheduler {
    const { world, clock, id } = this;
    const { store } = world;
    return new Scheduler({
      node: id,
      clock,
      log: recordingLogger().log,
      store: {
        state: store.state,
        propose: async (writer: Writer, transaction: Transaction) => {
          const isIntent = JSON.stringify(transaction.compare).includes("leader/");
          if (this.#reaches(isIntent ? "before the intent" : "before the end")) return never;
          const applied = await store.propose(writer, transaction);
          if (this.#reaches(isIntent ? "after the intent" : "after the end")) return never;
          return applied;
        },
      },
      leadership: () => world.leadership?.node === id ? world.leadership : undefined,
      hasQuorum: () => this.isUp,
      isAlive: (node) => world.nodes.find((each) => each.id === node)?.isUp === true,
      wanted: () => wanted,
      call: async (call) => {
        if (this.#reaches("before the call")) return never;
        const outcome = await world.execute(call, clock);
        if (this.#reaches("during the call")) return never;
        return outcome;
      },
      addDeadLetter: () => assert.fail("A fire failed"),
    });
  }
}

class SimulatedCluster {
  readonly store = new MemoryStore();
  readonly nodes: SimulatedNode[] = [];
  readonly random: SeededRandom;
  /** Due times and executions by id, per schedule. */
  readonly fires = new Map<string, Map<string, { dueMs: number; executions: number }>>();
  leadership: { node: string; term: number } | undefined;
  deaths = 0;
  onDeath = () => {};

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    for (const id of ["n1", "n2", "n3"]) {
      this.nodes.push(new SimulatedNode(id, this, this.random.nextBelow(400) - 200));
    }
  }

  lead(node: string): void {
    this.leadership = { node, term: elect(this.store, node) };
    for (const { scheduler } of this.nodes) scheduler.wake();
  }

  async execute(call: InternalCall, clock: ManualClock): Promise<InternalOutcome> {
    const { id, dueAtMs } = JSON.parse(call.input);
    const fires = this.fires.get(call.method) ?? new Map();
    this.fires.set(call.method, fires);
    const fire = fires.get(id) ?? { dueMs: dueAtMs, executions: 0 };
    assert.equal(fire.dueMs, dueAtMs, "An id means one due time");
    fire.executions++;
    fires.set(id, fire);
    await new Promise<void>((resolve) => clock.setTimer(this.random.nextBelow(3_000), resolve));
    return { kind: "output", output: "null" };
  }

  /** Lets time pass for all nodes alike. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = (this.nodes[0]?.clock.monotonicMs() ?? 0) + durationMs;
    for (;;) {
      await turn();
      const nowMs = this.nodes[0]?.clock.monotonicMs() ?? 0;
      const nextMs = Math.min(
        untilMs,
        ...this.nodes.map(({ clock }) => clock.nextTimerMs ?? Infinity),
      );
      for (const { clock } of this.nodes) clock.advance(nextMs - nowMs);
      if (nextMs === untilMs) break;
    }
    await turn();
  }
}

/** A day with leader changes; answers what was fired. */
async function day(seed: number): Promise<SimulatedCluster> {
  const world = new SimulatedCluster(seed);
  const { random } = world;
  world.lead("n1");
  const segmentMs = dayMs / (leaderChanges + 1);
  let passedMs = 0;
  for (let change = 0; change < leaderChanges; change++) {
    const beforeMs = random.nextBelow(Math.floor(segmentMs / 2));
    await world.pass(beforeMs);
    const leader = world.nodes.find(({ id }) => id === world.leadership?.node);
    assert.ok(leader !== undefined);
    const moment = moments[(change + random.nextBelow(2)) % moments.length] ?? "idle";
    let waitedMs = 0;
    if (moment === "idle") leader.die();
    else if (moment !== "stops leading") {
      leader.plan = moment;
      // It fires within the next minute.
      while (leader.isUp) {
        await world.pass(500);
        waitedMs += 500;
        assert.ok(waitedMs < 2 * intervalMs, `The leader never came to "${moment}"`);
      }
    }
    // The others notice, and agree on a new one.
    world.leadership = undefined;
    const goneMs = random.nextBelow(20_000);
    await world.pass(goneMs);
    const others = world.nodes.filter((node) => node !== leader);
    const next = others[random.nextBelow(others.length)] ?? leader;
    world.lead(next.id);
    const backMs = random.nextBelow(60_000);
    await world.pass(backMs);
    if (!leader.isUp) leader.restart();
    const restMs = segmentMs - beforeMs - waitedMs - goneMs - backMs;
    await world.pass(restMs);
    passedMs += segmentMs;
  }
  // Nothing is under way in the middle of a minute.
  await world.pass(dayMs - passedMs + intervalMs / 2);
  for (const { scheduler } of world.nodes) scheduler.stop();
  return world;
}

const seeds = (Deno.env.get("SCHEDULE_SEEDS") ?? "1,2").split(",").map(Number);

for (const seed of seeds) {
  Deno.test(`schedules: a day with ${leaderChanges} leader changes, seed ${seed}`, async () => {
    const world = await day(seed);
    const startMs = Date.UTC(2026, 0, 1);
    for (const { key, value } of storedValues(world.store.state, keys.schedule)) {
      const [, name = ""] = keys.schedule.parts(key);
      const fires = [...world.fires.get(name)?.values() ?? []];
      const dues = fires.map(({ dueMs }) => dueMs);
      const firstMs = name === "often"
        ? value.registeredAtMs + intervalMs
        : (Math.floor(value.registeredAtMs / cronMs) + 1) * cronMs;
      const periodMs = name === "often" ? intervalMs : cronMs;
      const count = value.state.open.length === 0 ? value.state.totals.succeeded : NaN;
      const expected = Array.from({ length: count }, (_, index) => firstMs + index * periodMs);
      assert.deepEqual(dues, expected, `${name}: each due time once, in order`);
      const lastMs = expected.at(-1) ?? 0;
      assert.ok(Math.abs(startMs + dayMs - lastMs) < periodMs + 1_000, `${name}: to the end`);
      assert.deepEqual(value.state.totals, {
        fired: dues.length,
        succeeded: dues.length,
        failed: 0,
        missed: 0,
      });
      const again = fires.filter(({ executions }) => executions > 1).length;
      assert.ok(again <= world.deaths, `${name}: ${again} made again by ${world.deaths} deaths`);
    }
  });
}
