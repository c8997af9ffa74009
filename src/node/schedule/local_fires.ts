/**
 * {@link LocalFires}: fires the schedules that every instance runs, on the instances of this node.
 *
 * Each node keeps the time for its own instances, so no leader is needed; without a quorum it
 * waits, because nothing that an instance might do could be written. What a node missed while it
 * was down concerned instances that were down as well. One write for each fire, after it.
 *
 * @module
 */
import type { Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import type { NodeFires, ScheduleRecord } from "../../protocol/schedule/record.ts";
import {
  begun,
  type DueFire,
  ended,
  fireId,
  firstState,
  look,
  mayBegin,
  restarted,
} from "../../schedule/fires.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { type Stored, storedValue, storedValues } from "../control/views.ts";
import { type AttemptContext, makeFire } from "./attempt.ts";

const periodMs = 1_000;
const idleMs = 30_000;

/** What it needs. */
export interface LocalFiresOptions extends Omit<AttemptContext, "stopping"> {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly log: Logger;
  hasQuorum(): boolean;
  /** Active instances of a slice on this node. */
  instances(contract: string): readonly string[];
}

interface Local {
  fires: NodeFires;
  isWritten: boolean;
  isWriting: boolean;
}

/** Fires on the instances of this node. */
export class LocalFires {
  readonly #options: LocalFiresOptions;
  readonly #locals = new Map<string, Local>();
  /** What is added to the monotonic clock for the due times of intervals. */
  readonly #offsetMs: number;
  #timer: Timer | undefined;
  readonly #stop = new AbortController();

  constructor(options: LocalFiresOptions) {
    this.#options = options;
    this.#offsetMs = options.clock.wallMs() - options.clock.monotonicMs();
    this.#schedule(0);
  }

  /** Something has changed: look at once. */
  wake(): void {
    this.#schedule(0);
  }

  /** Fires nothing any more. */
  stop(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    if (this.#stop.signal.aborted) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#run());
  }

  #run(): void {
    const { store, hasQuorum } = this.#options;
    const records = hasQuorum()
      ? storedValues(store.state, keys.schedule).filter(({ value }) =>
        value.schedule.mode === "all"
      )
      : [];
    let waitMs = records.length === 0 ? idleMs : periodMs;
    for (const stored of records) {
      waitMs = Math.min(waitMs, this.#consider(stored) ?? waitMs);
    }
    const known = new Set(records.map(({ key }) => key));
    for (const [key, { fires }] of this.#locals) {
      if (hasQuorum() && !known.has(key) && fires.state.open.length === 0) {
        this.#locals.delete(key);
      }
    }
    this.#schedule(Math.max(1, Math.ceil(waitMs)));
  }

  #nowMs({ schedule }: ScheduleRecord): number {
    const { clock } = this.#options;
    return schedule.every === undefined ? clock.wallMs() : clock.monotonicMs() + this.#offsetMs;
  }

  /** Fires what is due for one schedule; answers when to look again. */
  #consider({ key, value }: Stored<ScheduleRecord>): number | undefined {
    const [contract = ""] = keys.schedule.parts(key);
    const instances = this.#options.instances(contract);
    const nowMs = this.#nowMs(value);
    const local = this.#follow(key, value, nowMs);
    const { fires } = local;
    const { schedule } = value;
    if (instances.length === 0) {
      // Nobody missed anything.
      local.fires = { ...fires, state: restarted(fires.state, schedule, nowMs) };
      return undefined;
    }
    if (fires.triggers < value.triggers && mayBegin(schedule, fires.state)) {
      local.fires = { ...fires, triggers: value.triggers };
      const { nextDueMs } = fires.state;
      const fire = { dueMs: nowMs, missed: 0, nextDueMs: nextDueMs ?? undefined, isManual: true };
      this.#begin(key, value, local, fire);
      return 0;
    }
    if (!value.isEnabled || value.isPaused) return undefined;
    const { fire, wakeAtMs } = look(schedule, fires.state, nowMs);
    if (fire === undefined) return wakeAtMs === undefined ? undefined : wakeAtMs - nowMs;
    if (!mayBegin(schedule, fires.state)) return undefined;
    this.#begin(key, value, local, { ...fire, isManual: false });
    return 0;
  }

  /** What this node knows of a schedule; its due times begin anew when the schedule's do. */
  #follow(key: string, record: ScheduleRecord, nowMs: number): Local {
    const { registeredAtMs, epoch, triggers, schedule } = record;
    const known = this.#locals.get(key);
    if (known?.fires.registeredAtMs === registeredAtMs) {
      const { fires } = known;
      if (fires.epoch !== epoch) {
        known.fires = { ...fires, epoch, state: restarted(fires.state, schedule, nowMs) };
      }
      return known;
    }
    const { store } = this.#options;
    const stored = storedValue(store.state, keys.nodeFires, this.#key(key))?.value;
    const former = stored?.registeredAtMs === registeredAtMs ? stored.state : undefined;
    const state = former === undefined
      ? firstState(schedule, nowMs)
      : { ...restarted(former, schedule, nowMs), open: [] };
    const fires = { registeredAtMs, epoch, triggers, state };
    const local = { fires, isWritten: true, isWriting: false };
    this.#locals.set(key, local);
    return local;
  }

  #key(key: string): string {
    return keys.nodeFires.key(this.#options.node, ...keys.schedule.parts(key));
  }

  async #begin(
    key: string,
    record: ScheduleRecord,
    local: Local,
    due: DueFire & { readonly isManual: boolean },
  ): Promise<void> {
    const { node, clock, instances, log } = this.#options;
    const [contract = "", name = ""] = keys.schedule.parts(key);
    const state = begun(local.fires.state, due, { node, term: 0 }, clock.wallMs());
    local.fires = { ...local.fires, state };
    const { number } = state;
    const id = `${fireId(name, record.registeredAtMs, number)}/${node}`;
    const ends = await Promise.all(
      instances(contract).map((instance) =>
        makeFire({
          contract,
          name,
          // Each instance does it once.
          id: `${id}/${instance.slice(instance.lastIndexOf("/") + 1)}`,
          dueMs: due.dueMs,
          attempt: 1,
          isManual: due.isManual,
          timeoutMs: record.schedule.timeoutMs,
          instance,
        }, { ...this.#options, stopping: this.#stop.signal })
      ),
    );
    const known = ends.filter((end) => end !== undefined);
    const worst = known.find(({ result }) => result !== "succeeded") ?? known[0];
    if (worst !== undefined) {
      if (worst.result !== "succeeded") {
        log.warn("A schedule failed", { contract, schedule: name, ...worst });
      }
      const after = ended(local.fires.state, number, { ...worst, id });
      local.fires = { ...local.fires, state: after };
      local.isWritten = false;
      this.#write(key, local);
    }
    this.wake();
  }

  /** Writes what is known; what changes meanwhile is written after it, all at once. */
  async #write(key: string, local: Local): Promise<void> {
    if (local.isWriting) return;
    local.isWriting = true;
    while (!local.isWritten && !this.#stop.signal.aborted) {
      local.isWritten = true;
      const { fires } = local;
      try {
        await this.#options.store.propose("node", {
          // The schedule may have gone meanwhile, and nobody would clean up.
          compare: [{ key, exists: true }],
          then: [keys.nodeFires.put(this.#key(key), fires)],
          otherwise: [],
        });
      } catch (error) {
        const { log } = this.#options;
        log.debug("Fires were not written", { error: toAetherError(error).message });
        break;
      }
    }
    local.isWriting = false;
  }
}
