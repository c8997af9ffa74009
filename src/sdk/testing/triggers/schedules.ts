/**
 * {@link TestSchedules}: fires the schedules of a test cluster on the test's clock.
 *
 * As in a cluster: each due time once, one after another unless the schedule allows overlap, and
 * not at all when it is too late, unless one fire makes up for what was missed. Nothing is tried
 * again: a test sees at once what a fire failed with.
 *
 * @module
 */
import type { Clock } from "../../../base/clock.ts";
import { toAetherError } from "../../../base/errors.ts";
import type { Schedule } from "../../../protocol/schedule/schedule.ts";
import { dueAfter, graceMs } from "../../../protocol/schedule/timing.ts";
import { describeSchedules } from "../../triggers/describe_schedules.ts";
import type { Fire } from "../../triggers/schedule.ts";

/** A fire that ended with an error. */
export interface RecordedFailure {
  /** `group:name` of the slice. */
  readonly slice: string;
  /** Name of the schedule. */
  readonly schedule: string;
  readonly dueAtMs: number;
  readonly reason: string;
}

/** A slice under test. */
export interface ScheduledSlice {
  readonly definition: Parameters<typeof describeSchedules>[0];
  readonly instances: number;
  /** Calls a function of the instance whose turn it is. */
  call(name: string, fire: Fire): Promise<unknown>;
}

/** See the module. */
export class TestSchedules {
  readonly failed: RecordedFailure[] = [];
  readonly #clock: Clock;
  #fires = 0;
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fires the schedules of a slice whenever they are due, from now on. */
  start(slice: ScheduledSlice): void {
    const { schedules = {} } = describeSchedules(slice.definition);
    for (const [name, schedule] of Object.entries(schedules)) {
      const count = schedule.mode === "all" ? slice.instances : 1;
      new Lane(schedule, this.#clock, (dueMs) => this.#fire(slice, name, count, dueMs)).wait();
    }
  }

  /** Fires nothing any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A fire as its function gets it; what is left out is made up. */
  fireOf(name: string, given: Partial<Fire> = {}): Fire {
    const id = `${name}/test-${++this.#fires}`;
    return { id, dueAtMs: this.#clock.wallMs(), attempt: 1, isManual: false, ...given };
  }

  /** Calls as many instances, which take turns. */
  async #fire(
    { definition, call }: ScheduledSlice,
    schedule: string,
    count: number,
    dueAtMs: number,
  ): Promise<void> {
    if (this.#isStopped) return;
    const fire = this.fireOf(schedule, { dueAtMs });
    const ids = Array.from({ length: count }, (_, n) => count === 1 ? fire.id : `${fire.id}/${n}`);
    try {
      await Promise.all(ids.map((id) => call(schedule, { ...fire, id })));
    } catch (error) {
      const reason = toAetherError(error).message;
      this.failed.push({ slice: definition.contract.name, schedule, dueAtMs, reason });
    }
  }
}

/** The due times of one schedule. */
class Lane {
  readonly #schedule: Schedule;
  readonly #clock: Clock;
  readonly #fire: (dueMs: number) => Promise<void>;
  readonly #dues: number[] = [];
  #running = 0;

  constructor(schedule: Schedule, clock: Clock, fire: (dueMs: number) => Promise<void>) {
    this.#schedule = schedule;
    this.#clock = clock;
    this.#fire = fire;
  }

  /** Waits for the due time after now. */
  wait(): void {
    const nowMs = this.#clock.wallMs();
    const dueMs = dueAfter(this.#schedule, nowMs);
    if (dueMs === undefined) return;
    this.#clock.setTimer(dueMs - nowMs, () => {
      this.#dues.push(dueMs);
      this.wait();
      this.#pump();
    });
  }

  #pump(): void {
    const { overlap, catchUp } = this.#schedule;
    const tooLate = this.#clock.wallMs() - graceMs;
    while (this.#dues.length > 0 && (overlap || this.#running === 0)) {
      const missed = this.#dues.filter((dueMs) => dueMs < tooLate).length;
      const [dueMs] = this.#dues.splice(0, Math.max(1, missed));
      if (dueMs !== undefined && (missed === 0 || catchUp === "once")) this.#run(dueMs);
    }
  }

  async #run(dueMs: number): Promise<void> {
    this.#running++;
    await this.#fire(dueMs);
    this.#running--;
    this.#pump();
  }
}
