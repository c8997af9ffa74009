/**
 * {@link Scheduler}: registers schedules and fires those of which one instance is to run.
 *
 * Every node has one; only the leader's acts, and only with a quorum. The intent to fire is written
 * under the leader's term before the call, the end after it, so that neither a leader of the past
 * nor a new one fires a due time again under another id. An intent whose maker has gone is made
 * again under the same id; one whose maker still lives is left to it until its time is over.
 *
 * @module
 */
import { type Clock, pause, type Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import type { OpenFire, ScheduleRecord } from "../../protocol/schedule/record.ts";
import type { Logger } from "../../sdk/logger.ts";
import {
  begun,
  ended,
  type FireEnd,
  fireId,
  look,
  mayBegin,
  takenOver,
} from "../../schedule/fires.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { type Stored, storedValue, storedValues } from "../control/views.ts";
import { type AttemptContext, makeFire } from "./attempt.ts";
import { registered } from "./registration.ts";
import type { WantedSchedule } from "./wanted.ts";

/** Longest time between two looks: the wall clock may have jumped. */
const periodMs = 5_000;
const idleMs = 30_000;
const retryMs = 500;
const changesMax = 5;
/** Fires under way at a time; others are late. */
const runningMax = 256;
/** Records of nodes' fires that are removed at once. */
const cleanedMax = 100;
/** A maker that lives gets its fire's time and so much more to write the end. */
const endSlackMs = 5_000;

/** What a scheduler needs. */
export interface SchedulerOptions extends Omit<AttemptContext, "stopping"> {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly clock: Clock;
  readonly log: Logger;
  /** This node's leadership; undefined while it does not lead. */
  leadership(): Leadership | undefined;
  hasQuorum(): boolean;
  isAlive(node: string): boolean;
  /** The schedules that should be registered, by key; the same object until one changes. */
  wanted(): ReadonlyMap<string, WantedSchedule>;
}

type StoredSchedule = Stored<ScheduleRecord>;

/** One schedule, as long as this node deals with it. */
interface Lane {
  isWriting: boolean;
  /** Numbers of the fires that this process means to make: their intents are its own. */
  readonly own: Set<number>;
  /** Numbers of those that it makes at the moment. */
  readonly running: Set<number>;
  /** Since when open fires of others were seen. */
  readonly foreign: Map<number, number>;
}

/** Fires schedules while this node leads. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #lanes = new Map<string, Lane>();
  #timer: Timer | undefined;
  #term: number | undefined;
  /** What is added to the monotonic clock for the due times of intervals; fixed for a term. */
  #offsetMs = 0;
  #running = 0;
  #isCleaning = false;
  readonly #stop = new AbortController();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#schedule(0);
  }

  /** Something has changed: look at once. */
  wake(): void {
    this.#schedule(0);
  }

  /** Fires nothing any more; what is under way ends without its end being written. */
  stop(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  /**
   * Changes a record as the leader; answers what is stored then.
   *
   * @throws {AetherError} SCHEDULE_NOT_FOUND, NO_LEADER, and what `change` and writes throw.
   */
  async change(
    key: string,
    change: (record: ScheduleRecord, leading: Leadership, nowMs: number) => ScheduleRecord,
  ): Promise<ScheduleRecord> {
    const { store, leadership } = this.#options;
    for (let attempt = 0; attempt < changesMax; attempt++) {
      const leading = leadership();
      if (leading === undefined) throw new AetherError("NO_LEADER", "Another node leads by now");
      this.#follow(leading);
      const stored = storedValue(store.state, keys.schedule, key);
      if (stored === undefined) {
        const name = keys.schedule.parts(key).join("/");
        throw new AetherError("SCHEDULE_NOT_FOUND", `There is no schedule "${name}"`);
      }
      const next = change(stored.value, leading, this.#nowMs(stored.value));
      if (next === stored.value || await this.#propose(leading.term, stored, next)) {
        this.wake();
        return next;
      }
    }
    throw new AetherError("REVISION_CONFLICT", "The schedule changes too often at the moment");
  }

  /**
   * Begins a fire that is not due; answers its number, undefined when every instance makes it.
   *
   * @throws {AetherError} SCHEDULE_RUNNING, and what {@link Scheduler.change} throws.
   */
  async trigger(key: string): Promise<{ record: ScheduleRecord; number: number | undefined }> {
    let number: number | undefined;
    const record = await this.change(key, (record, leading, nowMs) => {
      const { schedule, state, triggers } = record;
      if (schedule.mode === "all") return { ...record, triggers: triggers + 1 };
      if (!mayBegin(schedule, state)) {
        const name = keys.schedule.parts(key).join("/");
        throw new AetherError("SCHEDULE_RUNNING", `Schedule "${name}" runs already`);
      }
      const { nextDueMs } = state;
      const fire = { dueMs: nowMs, missed: 0, nextDueMs: nextDueMs ?? undefined, isManual: true };
      const next = begun(state, fire, this.#runner(leading), this.#options.clock.wallMs());
      number = next.number;
      this.#lane(key).own.add(number);
      return { ...record, state: next };
    });
    return { record, number };
  }

  #schedule(delayMs: number): void {
    if (this.#stop.signal.aborted) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#run());
  }

  #run(): void {
    const { leadership, hasQuorum, store } = this.#options;
    const leading = hasQuorum() ? leadership() : undefined;
    if (leading === undefined) {
      this.#term = undefined;
      this.#schedule(idleMs);
      return;
    }
    this.#follow(leading);
    const records = new Map(
      storedValues(store.state, keys.schedule).map((each) => [each.key, each]),
    );
    this.#register(leading, records);
    let waitMs = records.size === 0 ? idleMs : periodMs;
    for (const stored of records.values()) {
      waitMs = Math.min(waitMs, this.#consider(leading, stored) ?? waitMs);
    }
    for (const [key, { running, isWriting }] of this.#lanes) {
      if (!records.has(key) && running.size === 0 && !isWriting) this.#lanes.delete(key);
    }
    this.#schedule(Math.max(1, Math.ceil(waitMs)));
  }

  #follow({ term }: Leadership): void {
    if (term === this.#term) return;
    const { clock } = this.#options;
    this.#term = term;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
    for (const lane of this.#lanes.values()) lane.foreign.clear();
  }

  /** The time that counts for a schedule. */
  #nowMs({ schedule }: Pick<ScheduleRecord, "schedule">): number {
    const { clock } = this.#options;
    return schedule.every === undefined ? clock.wallMs() : clock.monotonicMs() + this.#offsetMs;
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { isWriting: false, own: new Set(), running: new Set(), foreign: new Map() };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Registers what is served, follows what changed, and removes what nobody declares any more. */
  #register({ term }: Leadership, records: ReadonlyMap<string, StoredSchedule>): void {
    const wanted = this.#options.wanted();
    for (const [key, each] of wanted) {
      const stored = records.get(key);
      const next = registered(stored?.value, each, this.#options.clock.wallMs(), this.#nowMs(each));
      if (next === undefined || next === stored?.value) continue;
      this.#write(key, term, stored, next);
    }
    for (const [key, stored] of records) {
      if (!wanted.has(key)) this.#write(key, term, stored, undefined);
    }
    this.#cleanUp(term, records);
  }

  /** Removes what nodes wrote of their fires of schedules that are gone. */
  async #cleanUp(term: number, records: ReadonlyMap<string, StoredSchedule>): Promise<void> {
    const { store } = this.#options;
    const left = storedValues(store.state, keys.nodeFires).map(({ key }) => key).filter((key) => {
      const [, ...schedule] = keys.nodeFires.parts(key);
      return !records.has(keys.schedule.key(...schedule));
    });
    if (left.length === 0 || this.#isCleaning) return;
    this.#isCleaning = true;
    try {
      await store.propose("node", {
        compare: [{ key: leaderKey, revision: term }],
        then: left.slice(0, cleanedMax).map((key) => ({ type: "delete", key })),
        otherwise: [],
      });
    } catch {
      // The next look tries again.
    }
    this.#isCleaning = false;
  }

  /** Does what is due for one schedule; answers when to look again, in milliseconds from now. */
  #consider(leading: Leadership, stored: StoredSchedule): number | undefined {
    const { key, value } = stored;
    const { schedule, state } = value;
    const lane = this.#lane(key);
    if (lane.isWriting || schedule.mode === "all") return undefined;
    for (const fire of state.open) {
      if (lane.running.has(fire.number)) continue;
      const isOwn = fire.node === this.#options.node && fire.term === leading.term;
      if (isOwn && lane.own.has(fire.number)) this.#attempt(key, value, fire);
      else if (this.#isLeft(lane, fire, value)) {
        const next = takenOver(state, fire.number, this.#runner(leading));
        this.#begin(key, leading.term, stored, { ...value, state: next }, fire.number);
        return undefined;
      }
    }
    if (!value.isEnabled || value.isPaused) return undefined;
    const nowMs = this.#nowMs(value);
    const { fire, wakeAtMs } = look(schedule, state, nowMs);
    if (fire === undefined) return wakeAtMs === undefined ? undefined : wakeAtMs - nowMs;
    if (!mayBegin(schedule, state) || this.#running >= runningMax) return undefined;
    const { clock } = this.#options;
    const due = { ...fire, isManual: false };
    const next = begun(state, due, this.#runner(leading), clock.wallMs());
    this.#begin(key, leading.term, stored, { ...value, state: next }, next.number);
    return undefined;
  }

  #runner({ term }: Leadership): { node: string; term: number } {
    return { node: this.#options.node, term };
  }

  /** Whether nobody else will end an open fire: its maker has gone, or had its time. */
  #isLeft(lane: Lane, { number, node }: OpenFire, { schedule }: ScheduleRecord): boolean {
    const { clock, isAlive } = this.#options;
    const nowMs = clock.monotonicMs();
    const sinceMs = lane.foreign.get(number) ?? nowMs;
    lane.foreign.set(number, sinceMs);
    if (node === this.#options.node || !isAlive(node)) return true;
    return nowMs - sinceMs >= schedule.timeoutMs + endSlackMs;
  }

  /** Writes the intent to make a fire, and makes it, whoever leads by then. */
  async #begin(
    key: string,
    term: number,
    stored: StoredSchedule,
    next: ScheduleRecord,
    number: number,
  ): Promise<void> {
    const lane = this.#lane(key);
    lane.own.add(number);
    if (!await this.#write(key, term, stored, next)) return;
    const fire = next.state.open.find((each) => each.number === number);
    if (fire !== undefined && !lane.running.has(number)) this.#attempt(key, next, fire);
  }

  /** Writes a record under the term, or removes it; one at a time for each schedule. */
  async #write(
    key: string,
    term: number,
    stored: StoredSchedule | undefined,
    next: ScheduleRecord | undefined,
  ): Promise<boolean> {
    const lane = this.#lane(key);
    if (lane.isWriting) return false;
    lane.isWriting = true;
    let isWritten = false;
    let delayMs = 0;
    try {
      isWritten = await this.#propose(term, stored ?? { key, revision: 0 }, next);
    } catch (error) {
      // Whether it was written shows in the store: the next look goes on from there.
      this.#options.log.debug("A schedule was not written", {
        schedule: key,
        error: toAetherError(error).message,
      });
      delayMs = retryMs;
    }
    lane.isWriting = false;
    this.#schedule(delayMs);
    return isWritten;
  }

  async #propose(
    term: number,
    { key, revision }: Pick<StoredSchedule, "key" | "revision">,
    next: ScheduleRecord | undefined,
  ): Promise<boolean> {
    const { succeeded } = await this.#options.store.propose("leader", {
      compare: [{ key: leaderKey, revision: term }, { key, revision }],
      then: [next === undefined ? { type: "delete", key } : keys.schedule.put(key, next)],
      otherwise: [],
    });
    return succeeded;
  }

  async #attempt(key: string, record: ScheduleRecord, fire: OpenFire): Promise<void> {
    const lane = this.#lane(key);
    lane.running.add(fire.number);
    this.#running++;
    const [contract = "", name = ""] = keys.schedule.parts(key);
    const { number, dueMs, attempt, isManual } = fire;
    const end = await makeFire({
      contract,
      name,
      id: fireId(name, record.registeredAtMs, number),
      dueMs,
      attempt,
      isManual,
      timeoutMs: record.schedule.timeoutMs,
    }, { ...this.#options, stopping: this.#stop.signal });
    if (end !== undefined) {
      if (end.result !== "succeeded") {
        this.#options.log.warn("A schedule failed", { contract, schedule: name, ...end });
      }
      await this.#end(key, fire, end);
    }
    lane.running.delete(number);
    lane.own.delete(number);
    this.#running--;
    this.wake();
  }

  /**
   * Writes the end of a fire, until it is there or somebody else has taken the fire over. Its maker
   * may do so after another node became the leader.
   */
  async #end(key: string, { number, attempt }: OpenFire, end: FireEnd): Promise<void> {
    const { store, clock, node } = this.#options;
    while (!this.#stop.signal.aborted) {
      const stored = storedValue(store.state, keys.schedule, key);
      const own = stored?.value.state.open.find((each) =>
        each.number === number && each.node === node && each.attempt === attempt
      );
      if (stored === undefined || own === undefined) return;
      const { value, revision } = stored;
      const state = ended(value.state, number, end);
      try {
        const { succeeded } = await store.propose("leader", {
          compare: [{ key, revision }],
          then: [keys.schedule.put(key, { ...value, state })],
          otherwise: [],
        });
        if (succeeded) return;
      } catch {
        // Without a quorum it has to wait.
        await pause(clock, retryMs, this.#stop.signal);
      }
    }
  }
}
