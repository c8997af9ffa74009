import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import type { DeadLetter } from "../../protocol/messaging/values.ts";
import type { ScheduleRecord } from "../../protocol/schedule/record.ts";
import { scheduleSchema } from "../../protocol/schedule/schedule.ts";
import type { InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import { firstState } from "../../schedule/fires.ts";
import { MemoryStore, recordingLogger, turn } from "../control/store_fixture_test.ts";
import { storedValue } from "../control/views.ts";
import { LocalFires } from "./local_fires.ts";

const contract = "org.example:keeper";
const key = keys.schedule.key(contract, "warm");
const own = keys.nodeFires.key("n1", contract, "warm");

/** A node with instances of a slice whose schedule all of them run. */
class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly calls: { id: string; instance: string; isManual: boolean }[] = [];
  readonly letters: DeadLetter[] = [];
  hasQuorum = true;
  instances: string[] = ["n1/a/1", "n1/a/2"];
  outcome: InternalOutcome = { kind: "output", output: "null" };
  #fires: LocalFires | undefined;

  constructor() {
    const schedule = scheduleSchema.parse({ every: "10s", mode: "all" });
    this.put({
      artifact: `${contract}:1.0.0`,
      schedule,
      isEnabled: true,
      isPaused: false,
      registeredAtMs: 5,
      epoch: 1,
      triggers: 0,
      state: firstState(schedule, 0),
    });
    this.start();
  }

  get record(): ScheduleRecord {
    return storedValue(this.store.state, keys.schedule, key)?.value ?? assert.fail("None");
  }

  get written() {
    return storedValue(this.store.state, keys.nodeFires, own)?.value;
  }

  put(record: ScheduleRecord): void {
    this.store.write("leader", keys.schedule.put(key, record));
    this.#fires?.wake();
  }

  /** Starts the node's part, and after that a new life of it. */
  start(): void {
    this.#fires?.stop();
    this.#fires = new LocalFires({
      node: "n1",
      store: this.store,
      clock: this.clock,
      log: recordingLogger().log,
      hasQuorum: () => this.hasQuorum,
      instances: () => this.instances,
      call: ({ input, instance = "" }) => {
        const { id, isManual } = JSON.parse(input);
        this.calls.push({ id, instance, isManual });
        return Promise.resolve(this.outcome);
      },
      addDeadLetter: (letter) => Promise.resolve(this.letters.push(letter)),
    });
  }

  async pass(durationMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + durationMs;
    for (;;) {
      for (let settling = 0; settling < 5; settling++) await turn();
      const next = this.clock.nextTimerMs ?? Infinity;
      if (next > untilMs) break;
      this.clock.advance(next - this.clock.monotonicMs());
    }
    this.clock.advance(untilMs - this.clock.monotonicMs());
  }

  [Symbol.dispose](): void {
    this.#fires?.stop();
  }
}

Deno.test("LocalFires call each instance of the node, with one write for each fire", async () => {
  using it = new World();
  await it.pass(1_000);
  const before = it.store.state.revision;
  await it.pass(50_000);
  assert.equal(it.calls.length, 10);
  assert.equal(it.store.state.revision - before, 5);
  assert.equal(new Set(it.calls.map(({ id }) => id)).size, 10);
  assert.deepEqual(it.calls.slice(0, 2).map(({ instance }) => instance), it.instances);
  assert.deepEqual(it.written?.state.totals, { fired: 5, succeeded: 5, failed: 0, missed: 0 });
});

Deno.test("LocalFires wait for a quorum and for instances, and miss nothing by that", async () => {
  using it = new World();
  const { instances } = it;
  it.instances = [];
  await it.pass(300_000);
  it.instances = instances;
  await it.pass(9_000);
  assert.equal(it.calls.length, 0);
  await it.pass(6_000);
  assert.equal(it.calls.length, 2);
  it.hasQuorum = false;
  await it.pass(20_000);
  assert.equal(it.calls.length, 2);
});

Deno.test("LocalFires follow a pause, a trigger and a change of the times", async () => {
  using it = new World();
  await it.pass(1_000);
  it.put({ ...it.record, isPaused: true });
  await it.pass(60_000);
  assert.equal(it.calls.length, 0);
  it.put({ ...it.record, triggers: 1 });
  await it.pass(10_000);
  assert.deepEqual(it.calls.map(({ isManual }) => isManual), [true, true]);
  it.put({ ...it.record, isPaused: false, epoch: 2 });
  await it.pass(9_000);
  assert.equal(it.calls.length, 2);
  await it.pass(2_000);
  assert.equal(it.calls.length, 4);
});

Deno.test("LocalFires go on with their numbers after a restart, without what they missed", async () => {
  using it = new World();
  await it.pass(25_000);
  const ids = new Set(it.calls.map(({ id }) => id));
  await it.pass(0);
  it.start();
  await it.pass(11_000);
  assert.equal(it.calls.length, 6);
  for (const { id } of it.calls.slice(4)) assert.ok(!ids.has(id), id);
  assert.equal(it.written?.state.totals.fired, 3);
});

Deno.test("LocalFires count what fails and keep it as dead letters", async () => {
  using it = new World();
  it.outcome = {
    kind: "problem",
    problem: new AetherError("SLICE_FAILED", "It failed").toProblem(),
  };
  await it.pass(15_000);
  assert.equal(it.written?.state.last?.result, "failed");
  assert.deepEqual(it.written?.state.totals, { fired: 1, succeeded: 0, failed: 1, missed: 0 });
  assert.equal(it.letters.length, 2);
  // Nothing is written of a schedule that is gone.
  it.store.write("leader", { type: "delete", key });
  it.store.write("node", { type: "delete", key: own });
  await it.pass(60_000);
  assert.equal(it.written, undefined);
});
