/**
 * What `bench consensus` prints: a line for each load of a cluster, and the ratios to etcd's, which
 * never uses TLS.
 *
 * @module
 */
import { quotients, rounded, type Spread, spreadOf } from "../statistics.ts";
import type { Mode, System } from "./clusters.ts";
import type { ClientKind, LoadResult, Operation } from "./driver.ts";

/** Where the clients' connections go. */
export type Reach = "all nodes" | "one node";

/** What was measured under which load. */
export interface Measurement {
  readonly system: System;
  readonly kind: ClientKind;
  readonly reach: Reach;
  readonly nodes: number;
  readonly mode: Mode;
  readonly operation: Operation;
  readonly clients: number;
  readonly round: number;
  readonly load: LoadResult;
  /** CPU time of all nodes. */
  readonly cpuPerOperationUs: number;
  /** Of each node. */
  readonly rssMb: readonly number[];
  /** Share of the slots that decided nothing; undefined without slots. */
  readonly emptySlotShare: number | undefined;
}

/** A line of the report. */
export type Line = Readonly<Record<string, unknown>>;

/** Lines of kind `load`, and of kind `ratio` for Aether beside etcd. */
export function reportLines(measurements: readonly Measurement[]): Line[] {
  const groups = Map.groupBy(measurements, loadOf);
  const lines: Line[] = [...groups.values()].map(loadLine);
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined || first.system === "etcd") continue;
    const peers = groups.get(loadOf({ ...first, system: "etcd", kind: "etcd" }));
    if (peers !== undefined) lines.push(ratioLine(group, peers));
  }
  return lines;
}

function loadOf(measurement: Measurement): string {
  const { system, kind, reach, nodes, mode, operation, clients } = measurement;
  return [system, kind, reach, nodes, mode, operation, clients].join("|");
}

function conditionsOf({ kind, reach, nodes, mode, operation, clients }: Measurement): Line {
  return { protocol: kind, nodes, mode, reach, operation, clients };
}

function loadLine(group: readonly Measurement[]): Line {
  const [first] = group as [Measurement]; // groups are never empty
  const spread = (value: (measurement: Measurement) => number): Spread =>
    rounded(spreadOf(group.map(value)));
  const { emptySlotShare } = first;
  return {
    kind: "load",
    system: first.system,
    ...conditionsOf(first),
    perSecond: spread(({ load }) => load.perSecond),
    p50Ms: spread(({ load }) => load.p50Ms),
    p99Ms: spread(({ load }) => load.p99Ms),
    cpuPerOperationUs: spread(({ cpuPerOperationUs }) => cpuPerOperationUs),
    rssMb: spread(({ rssMb }) => Math.max(...rssMb)),
    ...(emptySlotShare === undefined
      ? {}
      : { emptySlotShare: spread((each) => each.emptySlotShare ?? 0) }),
    failed: group.reduce((sum, { load }) => sum + load.failed, 0),
  };
}

function ratioLine(group: readonly Measurement[], peers: readonly Measurement[]): Line {
  const [first] = group as [Measurement]; // groups are never empty
  const ratio = (value: (measurement: Measurement) => number): Spread =>
    rounded(spreadOf(quotients(group.map(value), peers.map(value))), 3);
  return {
    kind: "ratio",
    of: `${first.system}/etcd`,
    ...conditionsOf(first),
    perSecond: ratio(({ load }) => load.perSecond),
    p50: ratio(({ load }) => load.p50Ms),
    p99: ratio(({ load }) => load.p99Ms),
    cpuPerOperation: ratio(({ cpuPerOperationUs }) => cpuPerOperationUs),
  };
}
