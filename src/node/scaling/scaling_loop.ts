/**
 * {@link ScalingLoop}: the leader looks at every slice once a second and scales what must be.
 *
 * Every decision is kept with what it was drawn from. In a dry run nothing is written.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { ScalingController, type SliceLoad } from "../../deployment/scaling/controller.ts";
import { isActive } from "../../deployment/targets.ts";
import type { ScalingRecord } from "../../protocol/api/deployment/scaling.ts";
import type { Config } from "../../protocol/config/config.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { busyMsOf, figuresOf } from "../../protocol/figures.ts";
import { leaderKey } from "../../protocol/keys.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { knownInstances, nodesOnDuty, storedTargets } from "../control/views.ts";
import type { FigureMark, FigureSource } from "../rollout/figures.ts";
import { scaleWrite } from "./scale.ts";

const periodMs = 1_000;
const recordsMax = 200;

/** What the loop needs. */
export interface ScalingLoopOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly figures: FigureSource;
  readonly instancesPerNode: number;
  /** As configured now. */
  rules(): Config["scaling"];
  isAlive(node: string): boolean;
}

/** The loop of one node; only the leader's goes round. */
export class ScalingLoop {
  readonly name = "scaling";
  readonly #options: ScalingLoopOptions;
  readonly #records: ScalingRecord[] = [];
  #controller: ScalingController | undefined;
  #mark: FigureMark = new Map();
  #lookedAtMs = 0;

  constructor(options: ScalingLoopOptions) {
    this.#options = options;
  }

  /** Decisions of this node as the leader, newest first. */
  get records(): readonly ScalingRecord[] {
    return this.#records.toReversed();
  }

  /** Another node leads: it begins anew. */
  reset(): void {
    this.#controller = undefined;
  }

  /** Looks at all slices once; answers when to look again, undefined while it is off. */
  async step(leading: Leadership): Promise<number | undefined> {
    const { clock, figures, rules } = this.#options;
    if (!rules().enabled) {
      this.#controller = undefined;
      return undefined;
    }
    const nowMs = clock.monotonicMs();
    figures.gather();
    if (this.#controller === undefined) {
      this.#controller = new ScalingController(nowMs);
      this.#lookedAtMs = nowMs;
      this.#mark = figures.mark();
      return periodMs;
    }
    const elapsedMs = nowMs - this.#lookedAtMs;
    // The leader decides for other reasons too, and a rate needs time.
    if (elapsedMs < periodMs) return periodMs - elapsedMs;
    const loads = this.#loads(elapsedMs);
    this.#lookedAtMs = nowMs;
    this.#mark = figures.mark();
    for (const load of loads) await this.#look(this.#controller, load, leading);
    return periodMs;
  }

  async #look(controller: ScalingController, load: SliceLoad, { term }: Leadership): Promise<void> {
    const { store, clock, log, rules } = this.#options;
    const { dryRun, ...configured } = rules();
    const maxInstances = Math.min(configured.maxInstances, this.#room());
    const limits = { ...configured, maxInstances };
    const decision = controller.decide(load, limits, clock.monotonicMs());
    if (decision === undefined) return;
    const { cores: _, ...change } = decision;
    let result: ScalingRecord["result"] = "dry-run";
    if (!dryRun) {
      try {
        const { compare, then } = scaleWrite(store.state, decision.artifactBase, decision.to);
        const fence = { key: leaderKey, revision: term };
        const applied = await store.propose("operator", {
          compare: [fence, ...compare],
          then,
          otherwise: [],
        });
        result = applied.succeeded ? "applied" : "refused";
      } catch (error) {
        log.warn("A slice could not be scaled", { error: toAetherError(error).message });
        result = "refused";
      }
    }
    const { inFlight, requestsPerSecond, errorRate, p99Ms } = load;
    const inputs = { inFlight, requestsPerSecond, errorRate, p99Ms, cores: decision.cores };
    this.#records.push({ atMs: clock.wallMs(), ...change, inputs, result });
    if (this.#records.length > recordsMax) this.#records.shift();
    log.info("A slice is scaled", { ...decision, result });
  }

  /** Instances of one artifact for which the nodes on duty have room. */
  #room(): number {
    const { store, isAlive, instancesPerNode } = this.#options;
    return nodesOnDuty(store.state, isAlive).length * instancesPerNode;
  }

  #loads(elapsedMs: number): SliceLoad[] {
    const { store: { state }, figures } = this.#options;
    const instances = Map.groupBy(knownInstances(state), (each) => artifactBase(each.artifact));
    return storedTargets(state).filter(({ isPart }) => isPart !== true).map((target) => {
      const counts = figures.counts(target.artifact, this.#mark);
      const { requests, errors, p99Ms } = figuresOf(counts);
      const own = instances.get(target.artifactBase) ?? [];
      return {
        artifactBase: target.artifactBase,
        instances: target.instances,
        minAvailable: target.minAvailable,
        inFlight: busyMsOf(counts) / elapsedMs,
        requestsPerSecond: requests / (elapsedMs / 1_000),
        errorRate: requests === 0 ? 0 : errors / requests,
        p99Ms,
        cores: counts.cpuMs / elapsedMs,
        isChanging: own.length !== target.instances || !own.every(isActive),
      };
    });
  }
}
