/**
 * {@link ClusterFigures}: what all gateways have counted, gathered by the leader.
 *
 * The leader asks every living node each time it is told to; what a node has counted since it
 * started only grows, and one that starts anew begins at nothing, which counts as new calls.
 *
 * @module
 */
import { z } from "zod";
import {
  type CallCounts,
  callCountsSchema,
  combineCounts,
  figuresOf,
  noCounts,
} from "../../protocol/figures.ts";
import type { VersionFigures } from "../../protocol/rollout.ts";
import type { InstanceUsage } from "../../protocol/thread/threads.ts";
import type { Asks } from "../cluster/asks.ts";

const topic = "figures";
const timeoutMs = 900;
const answerSchema = z.array(callCountsSchema);

/** A point in the counting. */
export type FigureMark = ReadonlyMap<string, CallCounts>;

/** Where figures come from. */
export interface FigureSource {
  /** Brings everything up to date; never rejects. */
  gather(): Promise<void>;
  /** The present point. */
  mark(): FigureMark;
  /** Counts of a version since a point. */
  counts(artifact: string, mark: FigureMark): CallCounts;
  /** Calls of a version since a point. */
  since(artifact: string, mark: FigureMark): VersionFigures;
}

/** What gathering needs. */
export interface ClusterFiguresOptions {
  readonly asks: Pick<Asks, "ask" | "handle">;
  /** Living nodes but this one. */
  peers(): readonly string[];
}

/** Figures of the cluster, on each node; only the leader's are kept up to date. */
export class ClusterFigures implements FigureSource {
  readonly #options: ClusterFiguresOptions;
  /** What this node's gateway has counted. */
  #counted: readonly CallCounts[] = [];
  /** CPU time of this node's instances by artifact, also of those that have ended. */
  readonly #cpuMs = new Map<string, number>();
  readonly #cpuOf = new Map<string, number>();
  readonly #lastOf = new Map<string, Map<string, CallCounts>>();
  #isGathering = false;
  #totals = new Map<string, CallCounts>();

  constructor(options: ClusterFiguresOptions) {
    this.#options = options;
    options.asks.handle(topic, () => {
      return Promise.resolve(new TextEncoder().encode(JSON.stringify(this.#own())));
    });
  }

  /** This node's gateway says what it has counted; nothing when nothing is new. */
  onCounts(counts: readonly CallCounts[] = this.#counted): void {
    this.#counted = counts;
  }

  /** What this node's instances have used since they started. */
  onUsages(usages: readonly Pick<InstanceUsage, "instance" | "cpuMs">[]): void {
    const known = new Set(usages.map(({ instance }) => instance));
    for (const instance of this.#cpuOf.keys()) {
      if (!known.has(instance)) this.#cpuOf.delete(instance);
    }
    for (const { instance, cpuMs } of usages) {
      if (cpuMs === undefined) continue;
      const [, artifact = ""] = instance.split("/");
      const before = this.#cpuOf.get(instance) ?? 0;
      this.#cpuOf.set(instance, cpuMs);
      // One that has started anew counts from nothing.
      const news = cpuMs >= before ? cpuMs - before : cpuMs;
      this.#cpuMs.set(artifact, (this.#cpuMs.get(artifact) ?? 0) + news);
    }
  }

  #own(): CallCounts[] {
    const counted = new Map(this.#counted.map((counts) => [counts.artifact, counts]));
    const artifacts = new Set([...counted.keys(), ...this.#cpuMs.keys()]);
    return [...artifacts].map((artifact) => ({
      ...(counted.get(artifact) ?? noCounts(artifact)),
      cpuMs: this.#cpuMs.get(artifact) ?? 0,
    }));
  }

  /** Asks every node; one that does not answer counts again when it does. */
  async gather(): Promise<void> {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const { asks, peers } = this.#options;
    this.#add("", this.#own());
    await Promise.all(
      peers().map(async (node) => {
        try {
          const answer = await asks.ask(node, topic, new Uint8Array(), timeoutMs);
          this.#add(node, answerSchema.parse(JSON.parse(new TextDecoder().decode(answer))));
        } catch {
          // Nothing is lost: counts are totals.
        }
      }),
    );
    this.#isGathering = false;
  }

  mark(): FigureMark {
    return new Map(this.#totals);
  }

  counts(artifact: string, mark: FigureMark): CallCounts {
    const total = this.#totals.get(artifact) ?? noCounts(artifact);
    const before = mark.get(artifact);
    return before === undefined ? total : combineCounts(total, before, -1);
  }

  since(artifact: string, mark: FigureMark): VersionFigures {
    return figuresOf(this.counts(artifact, mark));
  }

  #add(node: string, counts: readonly CallCounts[]): void {
    // The first reading of a node is no news: the calls may be of any age.
    const isFirst = !this.#lastOf.has(node);
    const last = this.#lastOf.get(node) ?? new Map<string, CallCounts>();
    this.#lastOf.set(node, last);
    for (const now of counts) {
      const before = last.get(now.artifact);
      last.set(now.artifact, now);
      const isSameLife = before !== undefined && now.requests >= before.requests;
      if (isFirst) continue;
      const news = isSameLife ? combineCounts(now, before, -1) : now;
      // A gateway may start anew, and what the instances have used goes on.
      const used = before === undefined || now.cpuMs < before.cpuMs ? 0 : before.cpuMs;
      const total = this.#totals.get(now.artifact) ?? noCounts(now.artifact);
      this.#totals.set(now.artifact, combineCounts(total, { ...news, cpuMs: now.cpuMs - used }));
    }
  }
}
