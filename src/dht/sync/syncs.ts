/**
 * Partitions to synchronize: a few at once, those of a transition first.
 *
 * @module
 */
import type { DhtMessage } from "../../protocol/dht/message.ts";
import type { Core } from "../core.ts";
import type { Unit, Views } from "../views.ts";
import { type SyncOutcome, SyncSession } from "./session.ts";
import { Throttle } from "./throttle.ts";

/** Comparisons that wait at most; what does not fit is found again by the next comparison. */
const waitingMax = 4_096;

/** What to synchronize, and who wants to know how it ended. */
interface Task {
  readonly unit: Unit;
  readonly peer: string;
  readonly done: ((outcome: SyncOutcome) => void) | undefined;
}

/** Sessions that run and those that wait. */
export class Syncs {
  readonly #core: Core;
  readonly #views: Views;
  readonly #throttle: Throttle;
  readonly #urgent: Task[] = [];
  readonly #waiting = new Map<string, Task>();
  readonly #running = new Map<SyncSession, Task>();
  /** Nodes that have not answered, and until when they are not asked again. */
  readonly #silentUntilMs = new Map<string, number>();
  /** Entries fetched since the start. */
  fetched = 0;

  constructor(core: Core, views: Views) {
    this.#core = core;
    this.#views = views;
    this.#throttle = new Throttle(core.options.syncBytesPerSecond);
  }

  /** How many run and how many wait. */
  get counts(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running.size, waiting: this.#urgent.length + this.#waiting.size };
  }

  /** Synchronizes for a transition, and tells how it ended. */
  transfer(unit: Unit, peer: string, done: (outcome: SyncOutcome) => void): void {
    this.#urgent.push({ unit, peer, done });
    this.run();
  }

  /** Synchronizes when there is room. */
  compare(unit: Unit, peer: string): void {
    if (this.#waiting.size >= waitingMax) return;
    this.#waiting.set(`${unit.scope}/${unit.partition}/${peer}`, { unit, peer, done: undefined });
    this.run();
  }

  /** Another view is in force: what was asked with the former one is worth nothing. */
  clear(): void {
    this.#urgent.length = 0;
    this.#waiting.clear();
    for (const session of [...this.#running.keys()]) session.end(false);
  }

  /** Ends what runs for a partition: tombstones of it are about to go. */
  cancel({ scope, partition }: Unit): void {
    for (const [session, { unit }] of [...this.#running]) {
      if (unit.scope === scope && unit.partition === partition) session.end(false);
    }
  }

  /** An answer for one of the sessions. */
  receive(from: string, message: Extract<DhtMessage, { type: "listTell" | "fetchTell" }>): void {
    for (const [session, { peer }] of [...this.#running]) {
      if (peer !== from) continue;
      if (message.type === "listTell") session.listed(message.id, message);
      else session.fetched(message.id, message);
    }
  }

  /** Time has passed. */
  tick(): void {
    for (const session of [...this.#running.keys()]) session.tick();
    this.run();
  }

  /** Starts what there is room for. */
  run(): void {
    const view = this.#views.current;
    if (view === undefined) return;
    while (this.#running.size < this.#core.options.syncsMax) {
      const task = this.#next();
      if (task === undefined) return;
      this.#start(task, view.view.revision);
    }
  }

  /** The next task with a node that answers; others fail at once rather than one by one. */
  #next(): Task | undefined {
    const { monotonicMs } = this.#core.now;
    const isSilent = ({ peer }: Task) => (this.#silentUntilMs.get(peer) ?? 0) > monotonicMs;
    for (let task = this.#urgent.shift(); task !== undefined; task = this.#urgent.shift()) {
      if (!isSilent(task)) return task;
      task.done?.({ isComplete: false, isSilent: true, entries: 0 });
    }
    for (const [name, task] of this.#waiting) {
      this.#waiting.delete(name);
      if (!isSilent(task)) return task;
    }
    return undefined;
  }

  #start(task: Task, revision: number): void {
    const { unit, peer } = task;
    const session: SyncSession = new SyncSession({
      ...{ core: this.#core, throttle: this.#throttle, unit, peer, revision },
      done: (outcome) => {
        this.#running.delete(session);
        const { entries, isSilent } = outcome;
        const { now: { monotonicMs }, options: { syncTimeoutMs } } = this.#core;
        if (isSilent) this.#silentUntilMs.set(peer, monotonicMs + syncTimeoutMs);
        this.fetched += entries;
        if (entries > 0) this.#core.note({ type: "repaired", ...unit, from: peer, entries });
        task.done?.(outcome);
        this.run();
      },
    });
    this.#running.set(session, task);
  }
}
