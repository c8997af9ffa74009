/**
 * {@link Schedules}: a node's part in schedules, and what the management API asks and does.
 *
 * Changes are the leader's; any node passes them on to it.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import {
  type ScheduleView,
  scheduleViewSchema,
  triggeredSchema,
} from "../../protocol/api/deployment/schedules.ts";
import { keys } from "../../protocol/keys.ts";
import type { NodeFires, ScheduleRecord } from "../../protocol/schedule/record.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { InternalCall, InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import type { RouteSnapshot } from "../../protocol/thread/threads.ts";
import { fireId } from "../../schedule/fires.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { isRouteKey } from "../control/routes.ts";
import { storedValue, storedValues } from "../control/views.ts";
import { LeaderQuestions } from "../deploy/leader_questions.ts";
import { DeadLetters } from "../messaging/dead_letters.ts";
import { LocalFires } from "./local_fires.ts";
import { withNewTimes } from "./registration.ts";
import { Scheduler } from "./scheduler.ts";
import { type WantedSchedule, wantedSchedules } from "./wanted.ts";

const questionSchema = z.object({ contract: z.string(), name: z.string() });

/** What schedules need of control. */
export interface ScheduleParts {
  readonly config: { readonly node: { readonly id: string } };
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gateway: {
    readonly calls: { call(call: InternalCall): Promise<InternalOutcome> };
  };
  readonly catalog: { manifest(artifact: string): Manifest | undefined };
  /** As of now. */
  readonly routes: RouteSnapshot;
}

/** A list of schedules. */
export interface ScheduleList {
  readonly tasks: ScheduleView[];
  readonly activeTimers: number;
}

/** A node's schedules. */
export class Schedules {
  readonly #parts: ScheduleParts;
  readonly #leader: LeaderQuestions;
  #scheduler: Scheduler | undefined;
  #localFires: LocalFires | undefined;
  /** Of the routes as of now; undefined after a change. */
  #wanted: ReadonlyMap<string, WantedSchedule> | undefined;
  #instances: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
    const { config, cluster } = parts;
    this.#leader = new LeaderQuestions({
      node: config.node.id,
      asks: cluster.asks,
      leader: () => cluster.leader?.node,
    });
    const handle = (topic: string, run: (key: string) => Promise<unknown>) => {
      this.#leader.handle(`schedule/${topic}`, (question) => {
        const { contract, name } = questionSchema.parse(question);
        return run(keys.schedule.key(contract, name));
      });
    };
    handle("pause", async (key) => {
      const paused = await this.#started.change(
        key,
        (record) => record.isPaused ? record : { ...record, isPaused: true },
      );
      return this.#view(key, paused);
    });
    handle("resume", async (key) => {
      const resumed = await this.#started.change(
        key,
        (record, _leading, nowMs) =>
          record.isPaused ? withNewTimes({ ...record, isPaused: false }, nowMs) : record,
      );
      return this.#view(key, resumed);
    });
    handle("trigger", async (key) => {
      const [contract, name = ""] = keys.schedule.parts(key);
      const { record, number } = await this.#started.trigger(key);
      const fire = number === undefined ? null : fireId(name, record.registeredAtMs, number);
      return { contract, name, fire };
    });
  }

  /** Keeps time from now on, until the node stops. */
  start(stopping: AbortSignal): void {
    const { config, cluster, clock, log, gateway } = this.#parts;
    const { store } = cluster;
    const call = (call: InternalCall) => gateway.calls.call(call);
    const letters = new DeadLetters({ store, call });
    const shared = {
      node: config.node.id,
      store,
      clock,
      log,
      call,
      addDeadLetter: letters.add.bind(letters),
      hasQuorum: () => cluster.hasQuorum,
    };
    this.#scheduler = new Scheduler({
      ...shared,
      leadership: () => cluster.isLeader ? cluster.leader : undefined,
      isAlive: (other) => cluster.isAlive(other),
      wanted: () => this.#look(),
    });
    this.#localFires = new LocalFires({
      ...shared,
      instances: (contract) => {
        this.#look();
        return this.#instances.get(contract) ?? [];
      },
    });
    const unsubscribe = store.onChange(({ events }) => {
      const isRoute = events.some(({ key }) => isRouteKey(key));
      if (isRoute) this.#wanted = undefined;
      if (isRoute || events.some(({ key }) => key.startsWith(keys.schedule.prefix))) this.#wake();
    }, "system");
    cluster.onEvent(() => {
      this.#wanted = undefined;
      this.#wake();
    });
    stopping.addEventListener("abort", () => {
      unsubscribe();
      this.#scheduler?.stop();
      this.#localFires?.stop();
    }, { once: true });
  }

  /** All schedules, or those of one slice. */
  list(contract?: string): ScheduleList {
    const { store } = this.#parts.cluster;
    const all = storedValues(store.state, keys.schedule).map(({ key, value }) =>
      this.#view(key, value)
    );
    return {
      tasks: all.filter((each) => contract === undefined || each.contract === contract),
      activeTimers: all.filter(({ state }) => state === "ACTIVE").length,
    };
  }

  /**
   * One schedule.
   *
   * @throws {AetherError} SCHEDULE_NOT_FOUND
   */
  get(contract: string, name: string): ScheduleView {
    const key = keys.schedule.key(contract, name);
    const stored = storedValue(this.#parts.cluster.store.state, keys.schedule, key);
    if (stored !== undefined) return this.#view(key, stored.value);
    throw new AetherError("SCHEDULE_NOT_FOUND", `There is no schedule "${contract}/${name}"`);
  }

  /**
   * Fires a schedule no more.
   *
   * @throws {AetherError} SCHEDULE_NOT_FOUND, NO_LEADER, and what questions and writes throw.
   */
  pause(contract: string, name: string): Promise<ScheduleView> {
    return this.#leader.ask("schedule/pause", { contract, name }, scheduleViewSchema);
  }

  /** Fires a paused schedule again; throws what {@link Schedules.pause} throws. */
  resume(contract: string, name: string): Promise<ScheduleView> {
    return this.#leader.ask("schedule/resume", { contract, name }, scheduleViewSchema);
  }

  /** Fires a schedule once now; throws what `pause` throws, and SCHEDULE_RUNNING. */
  trigger(contract: string, name: string): Promise<z.output<typeof triggeredSchema>> {
    return this.#leader.ask("schedule/trigger", { contract, name }, triggeredSchema);
  }

  get #started(): Scheduler {
    if (this.#scheduler !== undefined) return this.#scheduler;
    throw new AetherError("NO_LEADER", "The leader is still starting");
  }

  #wake(): void {
    this.#scheduler?.wake();
    this.#localFires?.wake();
  }

  #look(): ReadonlyMap<string, WantedSchedule> {
    if (this.#wanted !== undefined) return this.#wanted;
    const { cluster, routes: { services }, catalog } = this.#parts;
    this.#instances = new Map(
      [...Map.groupBy(services, (each) => each.contract)].map(([contract, versions]) => [
        contract,
        versions.flatMap(({ instances }) => instances),
      ]),
    );
    return this.#wanted = wantedSchedules(
      cluster.store.state,
      { services },
      (artifact) => catalog.manifest(artifact),
    );
  }

  #view(key: string, record: ScheduleRecord): ScheduleView {
    const [contract = "", name = ""] = keys.schedule.parts(key);
    const { artifact, schedule, registeredAtMs } = record;
    const fires = schedule.mode === "all" ? this.#ofNodes(key, record) : [record];
    const dues = fires.flatMap(({ state }) => state.nextDueMs ?? []);
    const lasts = fires.flatMap(({ state }) => state.last ?? []);
    const state = this.#state(record);
    return {
      contract,
      name,
      artifact,
      schedule,
      state,
      nextAtMs: state === "ACTIVE" && dues.length > 0 ? Math.min(...dues) : null,
      running: fires.reduce((sum, { state }) => sum + state.open.length, 0),
      last: lasts.toSorted((left, right) => right.endedAtMs - left.endedAtMs)[0] ?? null,
      totals: {
        fired: total("fired"),
        succeeded: total("succeeded"),
        failed: total("failed"),
        missed: total("missed"),
      },
      registeredAtMs,
    };

    function total(which: keyof ScheduleView["totals"]): number {
      return fires.reduce((sum, { state }) => sum + state.totals[which], 0);
    }
  }

  #state({ isEnabled, isPaused }: ScheduleRecord): ScheduleView["state"] {
    const { hasQuorum, leader } = this.#parts.cluster;
    if (!isEnabled) return "OFF";
    if (isPaused) return "PAUSED";
    return hasQuorum && leader !== undefined ? "ACTIVE" : "WAITING";
  }

  #ofNodes(key: string, { registeredAtMs }: ScheduleRecord): NodeFires[] {
    const schedule = keys.schedule.parts(key).join("/");
    return storedValues(this.#parts.cluster.store.state, keys.nodeFires)
      .filter(({ key, value }) => {
        const [, ...parts] = keys.nodeFires.parts(key);
        return parts.join("/") === schedule && value.registeredAtMs === registeredAtMs;
      })
      .map(({ value }) => value);
  }
}
