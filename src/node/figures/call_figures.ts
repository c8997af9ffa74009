/**
 * Carries the figures of calls to the leader, and back to whoever asks for them.
 *
 * Every second each node sends what its gateway counted and how its instances are, over the link of
 * the cluster and never through the log. A report that does not arrive is lost: figures are for
 * people and rollouts, not for accounts.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { ClusterFigures } from "../../observe/cluster_figures.ts";
import {
  clusterFiguresSchema,
  type ClusterFiguresView,
  type DownloadView,
  figuresMax,
  type FiguresReport,
  figuresReportSchema,
  type MethodFigures,
} from "../../protocol/slice/call_figures.ts";
import type { InstanceUsage } from "../../protocol/thread/threads.ts";
import type { Cluster } from "../cluster/cluster.ts";

const reportTopic = "figures/report";
const readTopic = "figures/read";
const askTimeoutMs = 1_000;
const nothing: ClusterFiguresView = { windowMs: 0, methods: [], health: {} };

/** What the figures need. */
export interface CallFiguresOptions {
  readonly node: string;
  readonly cluster: Pick<Cluster, "asks" | "leader" | "isLeader">;
  readonly clock: Clock;
  /** Those that are on their way to this node, by id of the instance. */
  readonly artifacts: { readonly downloads: ReadonlyMap<string, DownloadView> };
}

/** The figures of calls as this node knows them; all of them on the leader. */
export class CallFigures {
  /** How the instances of this node are, by id. */
  readonly usages: Map<string, InstanceUsage> = new Map();
  readonly #options: CallFiguresOptions;
  readonly #sums: ClusterFigures;
  /** The term in which the sums were made. */
  #term: number | undefined;

  constructor(options: CallFiguresOptions) {
    this.#options = options;
    const { asks } = options.cluster;
    this.#sums = new ClusterFigures(options.clock.monotonicMs());
    asks.handle(reportTopic, (body, from) => {
      this.#add(from, figuresReportSchema.parse(read(body)));
      return Promise.resolve(new Uint8Array());
    });
    asks.handle(readTopic, () => Promise.resolve(write(this.#view())));
  }

  /** The gateway has counted this since the last time. */
  async report(methods: readonly MethodFigures[]): Promise<void> {
    const { node, cluster } = this.#options;
    const instances = [...this.usages.values()].slice(0, figuresMax)
      .map(({ instance, health }) => ({ instance, health }));
    const downloads = [...this.#options.artifacts.downloads].slice(0, figuresMax)
      .map(([instance, { bytes, sizeBytes }]) => ({ instance, bytes, sizeBytes }));
    const report: FiguresReport = { methods: [...methods], instances, downloads };
    if (cluster.isLeader) this.#add(node, report);
    else if (cluster.leader !== undefined) {
      const { node: leader } = cluster.leader;
      await cluster.asks.ask(leader, reportTopic, write(report), askTimeoutMs).catch(() => {
        // It is lost; the next one follows in a second.
      });
    }
  }

  /** The figures of the whole cluster; empty without a leader that answers. */
  async read(): Promise<ClusterFiguresView> {
    const { cluster } = this.#options;
    if (cluster.isLeader) return this.#view();
    if (cluster.leader === undefined) return nothing;
    const { node } = cluster.leader;
    try {
      const answer = await cluster.asks.ask(node, readTopic, new Uint8Array(), askTimeoutMs);
      return clusterFiguresSchema.parse(read(answer));
    } catch {
      return nothing;
    }
  }

  #add(node: string, report: FiguresReport): void {
    const nowMs = this.#options.clock.monotonicMs();
    const { isLeader, leader } = this.#options.cluster;
    // Who sends it may know of a leader before this node does.
    if (isLeader && this.#term !== leader?.term) {
      if (this.#term !== undefined) this.#sums.clear(nowMs);
      this.#term = leader?.term;
    }
    this.#sums.add(node, report, nowMs);
  }

  #view(): ClusterFiguresView {
    return this.#sums.view(this.#options.clock.monotonicMs());
  }
}

function write(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function read(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}
