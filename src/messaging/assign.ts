/**
 * Who owns which partition: a pure decision of the cluster's leader.
 *
 * Owners are spread; a leader that is gone or has forgotten is replaced by another owner, under a
 * higher epoch. Owners themselves change only when a node is no member any more or there are too
 * few, and only after the last change is settled.
 *
 * @module
 */
import type { Durability } from "../protocol/slice/topics.ts";

/** Owners of a partition as the store has them. */
export interface Assigned {
  readonly epoch: number;
  readonly leader: string | null;
  readonly life: string;
  readonly replicas: string[];
  readonly former: string[];
}

/** A partition that is wanted. */
export interface WantedPartition {
  readonly topic: string;
  readonly number: number;
  readonly durability: Durability;
  /** Undefined when nobody owns it yet. */
  readonly assigned: Assigned | undefined;
  /** Epoch in which it was last settled, 0 when never. */
  readonly settledEpoch: number;
}

/** A member that can own partitions. */
export interface PartitionHost {
  readonly node: string;
  readonly life: string;
  readonly isAlive: boolean;
}

/** A change of owners. */
export interface Assignment {
  readonly topic: string;
  readonly number: number;
  readonly value: Assigned;
}

/** Owners of a durable partition, if there are as many nodes. */
const replicasWanted = 3;

/** What is to be changed so that every partition has owners that live. */
export function assignPartitions(
  wanted: readonly WantedPartition[],
  hosts: readonly PartitionHost[],
): Assignment[] {
  const load = new Map(hosts.map(({ node }) => [node, { leads: 0, keeps: 0 }]));
  for (const { assigned } of wanted) {
    for (const node of assigned?.replicas ?? []) count(load, node, "keeps");
    if (assigned?.leader) count(load, assigned.leader, "leads");
  }
  return wanted.flatMap((partition) => {
    const value = decide(partition, hosts, load);
    if (value === undefined) return [];
    for (const node of value.replicas) count(load, node, "keeps");
    if (value.leader !== null) count(load, value.leader, "leads");
    return [{ topic: partition.topic, number: partition.number, value }];
  });
}

type Load = Map<string, { leads: number; keeps: number }>;

function count(load: Load, node: string, what: "leads" | "keeps"): void {
  const own = load.get(node);
  if (own !== undefined) own[what]++;
}

function decide(
  { durability, assigned, settledEpoch }: WantedPartition,
  hosts: readonly PartitionHost[],
  load: Load,
): Assigned | undefined {
  const alive = hosts.filter(({ isAlive }) => isAlive);
  const byLoad = [...alive].sort((a, b) => keeps(load, a) - keeps(load, b));
  const size = durability === "transient" ? 1 : Math.min(replicasWanted, hosts.length);
  if (assigned === undefined) {
    const replicas = byLoad.slice(0, size).map(({ node }) => node);
    return leadBy(replicas, alive, load, { epoch: 1, former: [] });
  }
  const isSettled = settledEpoch === assigned.epoch;
  const former = isSettled ? [] : assigned.former;
  const leader = alive.find(({ node }) => node === assigned.leader);
  const isLed = leader !== undefined && leader.life === assigned.life;
  const epoch = assigned.epoch + 1;
  if (!isLed) {
    // What only the leader's memory held is gone with it.
    const replicas = durability === "transient" && leader === undefined
      ? byLoad.slice(0, 1).map(({ node }) => node)
      : assigned.replicas;
    return leadBy(replicas, alive, load, { epoch, former });
  }
  if (!isSettled) return undefined;
  const members = new Set(hosts.map(({ node }) => node));
  const kept = assigned.replicas.filter((node) => members.has(node));
  const added = byLoad.map(({ node }) => node).filter((node) => !kept.includes(node));
  const replicas = [...kept, ...added].slice(0, Math.max(size, kept.length));
  const isSame = replicas.length === assigned.replicas.length && kept.length === replicas.length;
  if (isSame) return undefined;
  return { epoch, leader: leader.node, life: leader.life, replicas, former: assigned.replicas };
}

/** The owner that leads the fewest leads; nothing when none of them lives. */
function leadBy(
  replicas: string[],
  alive: readonly PartitionHost[],
  load: Load,
  rest: Pick<Assigned, "epoch" | "former">,
): Assigned | undefined {
  const [best] = alive.filter(({ node }) => replicas.includes(node)).sort((a, b) =>
    (load.get(a.node)?.leads ?? 0) - (load.get(b.node)?.leads ?? 0)
  );
  return best && { ...rest, leader: best.node, life: best.life, replicas };
}

function keeps(load: Load, { node }: PartitionHost): number {
  return load.get(node)?.keeps ?? 0;
}
