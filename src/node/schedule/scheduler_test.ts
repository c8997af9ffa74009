import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import type { DeadLetter } from "../../protocol/messaging/values.ts";
import { type Schedule, scheduleSchema } from "../../protocol/schedule/schedule.ts";
import type { InternalCall, InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import { elect, MemoryStore, recordingLogger, turn } from "../control/store_fixture_test.ts";
import { storedValue } from "../control/views.ts";
import { Scheduler } from "./scheduler.ts";
import type { WantedSchedule } from "./wanted.ts";

const contract = "org.example:keeper";
const key = keys.schedule.key(contract, "cleanup");
const done: InternalOutcome = { kind: "output", output: "null" };

function failure(kind: "notExecuted" | "unknown", name: "NO_INSTANCE" | "DEADLINE_EXCEEDED") {
  return { kind, problem: new AetherError(name, "It failed").toProblem() } as const;
}

/** A cluster of which the test plays everything but the scheduler. */
class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly calls: { id: string; dueAtMs: number; attempt: number; isManual: boolean }[] = [];
  readonly letters: DeadLetter[] = [];
  readonly alive = new Set(["n1", "n2"]);
  wanted = new Map<string, WantedSchedule>();
  hasQuorum = true;
  leading: { node: string; term: number } | undefined;
  /** How calls end, one after the other; then all succeed. */
  outcomes: (InternalOutcome | Promise<InternalOutcome>)[] = [];
  readonly #schedulers: Scheduler[] = [];

  want(schedule: Record<string, unknown>, more: Partial<WantedSchedule> = {}): void {
    this.wanted = new Map([[key, {
      contract,
      name: "cleanup",
      artifact: `${contract}:1.0.0`,
      schedule: scheduleSchema.parse(schedule),
      isEnabled: true,
      isServed: true,
      ...more,
    }]]);
    for (const scheduler of this.#schedulers) scheduler.wake();
  }

  start(node: string): Scheduler {
    const scheduler = new Scheduler({
      node,
      store: this.store,
      clock: this.clock,
      log: recordingLogger().log,
      leadership: () => this.leading?.node === node ? this.leading : undefined,
      hasQuorum: () => this.hasQuorum,
      isAlive: (other) => this.alive.has(other),
      wanted: () => this.wanted,
      call: (call: InternalCall) => {
        this.calls.push(JSON.parse(call.input));
        return Promise.resolve(this.outcomes.shift() ?? done);
      },
      addDeadLetter: (letter) => Promise.resolve(this.letters.push(letter)),
    });
    this.#schedulers.push(scheduler);
    return scheduler;
  }

  lead(node: string): void {
    this.leading = { node, term: elect(this.store, node) };
    for (const scheduler of this.#schedulers) scheduler.wake();
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

  record() {
    return storedValue(this.store.state, keys.schedule, key)?.value;
  }

  [Symbol.dispose](): void {
    for (const scheduler of this.#schedulers) scheduler.stop();
  }
}

function world(schedule: Record<string, unknown> = { every: "10s" }): World {
  const made = new World();
  made.want(schedule);
  made.lead("n1");
  return made;
}

Deno.test("Scheduler registers a schedule when its slice is active, and removes it", async () => {
  using it = world();
  const [[, wanted]] = [...it.wanted] as [[string, WantedSchedule]];
  it.wanted = new Map([[key, { ...wanted, isServed: false }]]);
  it.start("n1");
  await it.pass(30_000);
  assert.equal(it.record(), undefined);
  it.want({ every: "10s" });
  await it.pass(30_000);
  const before = it.record()?.state.totals.fired ?? 0;
  assert.ok(before > 0 && it.calls.length === before);
  // Instances that fail do not unregister it: its calls fail, and are tried again.
  it.wanted = new Map([[key, { ...wanted, isServed: false }]]);
  await it.pass(5_000);
  const record = it.record();
  assert.ok(record !== undefined);
  const fires = keys.nodeFires.key("n2", contract, "cleanup");
  const { registeredAtMs, epoch, triggers, state } = record;
  it.store.write("node", keys.nodeFires.put(fires, { registeredAtMs, epoch, triggers, state }));
  it.wanted = new Map();
  await it.pass(5_000);
  assert.equal(it.record(), undefined);
  await it.pass(5_000);
  assert.equal(it.store.state.get(fires), undefined);
});

Deno.test("Scheduler writes twice for each fire: the intent and the end", async () => {
  using it = world();
  it.start("n1");
  await it.pass(5_000);
  const before = it.store.state.revision;
  await it.pass(100_000);
  assert.equal(it.calls.length, 10);
  assert.equal(it.store.state.revision - before, 20);
});

Deno.test("Scheduler follows a new timing, and starts anew when it is switched on", async () => {
  using it = world();
  it.start("n1");
  await it.pass(15_000);
  it.want({ every: "1h" });
  await it.pass(1_800_000);
  assert.deepEqual([it.calls.length, it.record()?.epoch], [1, 2]);
  it.want({ every: "1h" }, { isEnabled: false });
  await it.pass(3 * 3_600_000);
  assert.equal(it.calls.length, 1);
  it.want({ every: "1h" });
  await it.pass(3_590_000);
  assert.equal(it.calls.length, 1);
  await it.pass(20_000);
  assert.deepEqual([it.calls.length, it.record()?.state.totals.missed], [2, 0]);
});

Deno.test("Scheduler fires nothing without a quorum, then what is not too old", async () => {
  using it = world();
  it.start("n1");
  await it.pass(11_000);
  it.hasQuorum = false;
  await it.pass(100_000);
  assert.equal(it.calls.length, 1);
  it.hasQuorum = true;
  it.lead("n1");
  await it.pass(1_000);
  assert.deepEqual(it.record()?.state.totals, { fired: 7, succeeded: 7, failed: 0, missed: 4 });
  assert.equal(new Set(it.calls.map(({ id }) => id)).size, 7);
});

Deno.test("Scheduler lets no fires overlap unless they may", async () => {
  for (const overlap of [false, true]) {
    const slow = Promise.withResolvers<InternalOutcome>();
    using it = world({ every: "10s", overlap });
    it.outcomes = [slow.promise];
    it.start("n1");
    await it.pass(35_000);
    assert.equal(it.calls.length, overlap ? 3 : 1);
    slow.resolve(done);
    await it.pass(100);
    assert.equal(it.record()?.state.totals.succeeded, 3);
  }
});

Deno.test("Scheduler tries what nobody executed again, and what may have been with its id", async () => {
  using it = world();
  it.outcomes = [
    failure("notExecuted", "NO_INSTANCE"),
    failure("notExecuted", "NO_INSTANCE"),
    failure("unknown", "NO_INSTANCE"),
    done,
  ];
  it.start("n1");
  await it.pass(19_000);
  assert.deepEqual(it.calls.map(({ attempt }) => attempt), [1, 1, 1, 2]);
  assert.equal(new Set(it.calls.map(({ id }) => id)).size, 1);
  assert.equal(it.record()?.state.last?.attempt, 2);
  assert.deepEqual(it.letters, []);
});

Deno.test("Scheduler keeps what failed for good as a dead letter and goes on", async () => {
  using it = world();
  it.outcomes = [
    { kind: "problem", problem: new AetherError("SLICE_FAILED", "It failed").toProblem() },
    failure("unknown", "DEADLINE_EXCEEDED"),
  ];
  it.start("n1");
  await it.pass(31_000);
  assert.deepEqual(
    it.letters.map(({ source, cause, bytes }) => {
      const input = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(bytes)));
      assert.ok(source.kind === "schedule" && source.dueAtMs === input.dueAtMs);
      return `${source.schedule} ${cause.code}`;
    }),
    ["cleanup E4019", "cleanup E5002"].map((text, index) => {
      const name = index === 0 ? "SLICE_FAILED" : "DEADLINE_EXCEEDED";
      return text.replace(/E\d+/, new AetherError(name, "").code);
    }),
  );
  assert.deepEqual(it.record()?.state.totals, { fired: 3, succeeded: 1, failed: 2, missed: 0 });
});

Deno.test("Scheduler leaves a fire to a maker that lives, and takes it from one that does not", async () => {
  const slow = Promise.withResolvers<InternalOutcome>();
  using it = world({ every: "1h" });
  it.start("n1");
  it.start("n2");
  it.outcomes = [slow.promise];
  await it.pass(3_600_000);
  assert.equal(it.record()?.state.open.length, 1);
  it.lead("n2");
  await it.pass(10_000);
  assert.equal(it.calls.length, 1, "n1 has not ended it yet");
  // The former leader still writes the end.
  slow.resolve(done);
  await it.pass(100);
  assert.deepEqual([it.record()?.state.open, it.record()?.state.totals.succeeded], [[], 1]);
  const never = new Promise<InternalOutcome>(() => {});
  it.outcomes = [never];
  await it.pass(3_600_000);
  assert.equal(it.calls.length, 2);
  it.alive.delete("n2");
  it.lead("n1");
  await it.pass(100);
  assert.deepEqual(it.calls.map(({ attempt }) => attempt), [1, 1, 2]);
  assert.equal(it.calls[1]?.id, it.calls[2]?.id);
  assert.equal(it.record()?.state.totals.succeeded, 2);
});

Deno.test("Scheduler takes over a fire whose maker lives when its time is over", async () => {
  const never = new Promise<InternalOutcome>(() => {});
  using it = world({ every: "1h", timeoutMs: 10_000 });
  it.start("n1");
  it.start("n2");
  it.outcomes = [never];
  await it.pass(3_600_000);
  it.lead("n2");
  await it.pass(14_000);
  assert.equal(it.calls.length, 1);
  await it.pass(10_000);
  assert.deepEqual(it.calls.map(({ attempt }) => attempt), [1, 2]);
});

Deno.test("Scheduler keeps intervals steady when the wall clock jumps, and cron with the wall", async () => {
  using it = world({ every: "10s" });
  it.start("n1");
  await it.pass(25_000);
  for (const jumpMs of [3_600_000, -7_200_000]) {
    it.clock.jumpWall(jumpMs);
    await it.pass(30_000);
  }
  assert.equal(it.calls.length, 8);
  using other = world({ cron: "0 * * * *" });
  other.start("n1");
  await other.pass(3_601_000);
  // Back: the hour that was fired comes again, and is not fired again.
  other.clock.jumpWall(-1_800_000);
  await other.pass(3_600_000);
  assert.equal(other.calls.length, 1);
  // Forward over two hours: it is too late for them.
  other.clock.jumpWall(7_200_000);
  await other.pass(1_000);
  assert.equal(other.calls.length, 1);
  await other.pass(3_600_000);
  assert.deepEqual(other.record()?.state.totals, { fired: 2, succeeded: 2, failed: 0, missed: 2 });
});

Deno.test("Scheduler.trigger() fires at once, even when paused, and change() is the leader's", async () => {
  using it = world({ every: "1h" });
  const scheduler = it.start("n1");
  await it.pass(1_000);
  await scheduler.change(key, (record) => ({ ...record, isPaused: true }));
  const slow = Promise.withResolvers<InternalOutcome>();
  it.outcomes = [slow.promise];
  const { number } = await scheduler.trigger(key);
  assert.equal(number, 1);
  await it.pass(100);
  assert.equal(it.calls[0]?.isManual, true);
  await assert.rejects(scheduler.trigger(key), /runs already/);
  slow.resolve(done);
  await it.pass(7_200_000);
  assert.equal(it.calls.length, 1);
  await assert.rejects(
    scheduler.trigger(keys.schedule.key(contract, "other")),
    /There is no schedule "org.example:keeper\/other"/,
  );
  it.want({ every: "1h", mode: "all" } as unknown as Schedule);
  await it.pass(5_000);
  assert.equal((await scheduler.trigger(key)).number, undefined);
  assert.equal(it.record()?.triggers, 1);
  it.leading = undefined;
  await assert.rejects(scheduler.trigger(key), /Another node leads/);
});

Deno.test("Scheduler.stop() leaves no timer, also while a fire waits to be tried again", async () => {
  using it = world();
  it.outcomes = Array.from({ length: 9 }, () => failure("notExecuted", "NO_INSTANCE"));
  const scheduler = it.start("n1");
  await it.pass(11_500);
  assert.ok(it.calls.length > 1);
  scheduler.stop();
  await turn();
  assert.equal(it.clock.pendingTimers, 0);
});
