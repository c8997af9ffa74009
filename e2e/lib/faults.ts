/**
 * Random faults on a cluster of real processes, one round after the other: the work of
 * `deno task soak`, and of a test for a few rounds.
 *
 * A round does something to the nodes or to the network while clients work, undoes it, and expects
 * the cluster to take writes soon afterwards. What the clients saw is checked at the end of the
 * round. Everything follows from the seed but the moments at which processes do what they do.
 *
 * @module
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "../../src/base/random.ts";
import type { ClusterNode, TestCluster } from "./cluster.ts";
import { Clients } from "./history.ts";
import type { Lab } from "./netns.ts";

/** Most time from the moment at which all are connected again until a majority takes writes. */
const majorityWithinMs = 2_000;
/** The same until every node does. */
const allWithinMs = 10_000;

/** What a round needs. */
export interface RoundOptions {
  readonly lab: Lab;
  readonly cluster: TestCluster;
  readonly seed: string;
  /** How long a fault lasts. */
  readonly faultMs: { readonly min: number; readonly max: number };
}

/** What happened in a round. */
export interface RoundReport {
  readonly seed: string;
  readonly fault: string;
  readonly operations: number;
  readonly unknown: number;
  /** From the end of the fault until a majority of the nodes takes writes, and all of them. */
  readonly majorityMs: number;
  readonly allMs: number;
  /** Longest time between acknowledged writes from the start of the fault on. */
  readonly gapMs: number;
}

/** Does something bad; answers how to end it. */
type Fault = (options: RoundOptions, random: SeededRandom) => Promise<Undo>;
type Undo = () => Promise<void>;

/** The faults by name. All leave a majority connected, unless their name says otherwise. */
const faults: Readonly<Record<string, Fault>> = {
  "kill one": async ({ cluster }, random) => await kill(cluster, random, 1),
  "kill two": async ({ cluster }, random) => await kill(cluster, random, 2),
  "kill all": async ({ cluster }, random) => await kill(cluster, random, cluster.nodes.length),
  "kill the leader": async ({ cluster }) => {
    const leader = await cluster.leader(cluster.node(3)) ?? cluster.node(1);
    return await killThese([leader]);
  },
  "pause one": ({ cluster }, random) => pause(cluster, random, 1),
  "pause two": ({ cluster }, random) => pause(cluster, random, 2),
  "pause all": ({ cluster }, random) => pause(cluster, random, cluster.nodes.length),
  "isolate one": async (options, random) => {
    const [alone] = pick(options.cluster, random, 1);
    return await cut(options, (one, other) => one !== number(alone) && other !== number(alone));
  },
  "isolate the leader": async (options) => {
    const leader = await options.cluster.leader(options.cluster.node(3));
    return await cut(options, (one, other) => one !== number(leader) && other !== number(leader));
  },
  "split in two": async (options, random) => {
    const few = new Set(pick(options.cluster, random, 2).map(number));
    return await cut(options, (one, other) => few.has(one) === few.has(other));
  },
  "split all apart": async (options) => await cut(options, () => false),
  bridge: async (options, random) => {
    const [middle] = pick(options.cluster, random, 1);
    const half = options.cluster.nodes.length / 2;
    return await cut(
      options,
      (one, other) =>
        one === number(middle) || other === number(middle) || (one <= half) === (other <= half),
    );
  },
  ring: async (options) => {
    const count = options.cluster.nodes.length;
    return await cut(options, (one, other) => [1, count - 1].includes(Math.abs(one - other)));
  },
  "one-way": async (options, random) => {
    const [from] = pick(options.cluster, random, 1);
    const others = options.cluster.nodes.filter((node) => node !== from);
    await options.lab.drop(...others.map((to) => [number(from), number(to)] as const));
    return () => options.lab.heal();
  },
};

/** Names of all faults. */
export const faultNames: readonly string[] = Object.keys(faults);

/** Nodes that a fault takes away at the same time, when it is more than one. */
const victims: Readonly<Record<string, number>> = {
  "kill two": 2,
  "kill all": Infinity,
  "pause two": 2,
  "pause all": Infinity,
  "split all apart": Infinity,
};

function leavesMajority(fault: string, nodes: number): boolean {
  return (victims[fault] ?? 1) < nodes / 2;
}

/** The faults that such a cluster must survive: without disks, a minority at most may die. */
export function faultsFor(nodes: number, isDurable: boolean): string[] {
  return faultNames.filter((name) =>
    isDurable || !name.startsWith("kill") || leavesMajority(name, nodes)
  );
}

/** Does one round with one of the faults; throws when the cluster did what it must not. */
export async function faultRound(
  options: RoundOptions,
  names: string | readonly string[] = faultNames,
): Promise<RoundReport> {
  const { cluster, seed, faultMs } = options;
  const random = new SeededRandom(seed);
  const chosen = typeof names === "string" ? names : names[random.nextBelow(names.length)] ?? "";
  const fault = faults[chosen];
  if (fault === undefined) throw new Error(`There is no fault "${chosen}"`);
  const clients = new Clients({
    nodes: cluster.nodes,
    clientsPerNode: 2,
    keys: 16,
    seed,
    prefix: seed.replaceAll(/[^a-z0-9]/g, "-"),
  });
  clients.start();
  await sleep(300);
  const startMs = performance.now();
  const undo = await fault(options, random);
  await sleep(faultMs.min + random.nextBelow(faultMs.max - faultMs.min + 1));
  const endMs = performance.now();
  await undo();
  const { majorityMs, allMs } = await cluster.writable();
  await cluster.ready();
  await clients.stop();
  clients.check();
  const gapMs = Math.round(clients.longestGapMs(startMs));
  const unknown = clients.unknown;
  const operations = clients.size;
  const report = { seed, fault: chosen, operations, unknown, majorityMs, allMs, gapMs };
  const text = JSON.stringify(report);
  assert.ok(majorityMs <= majorityWithinMs && allMs <= allWithinMs, text);
  if (leavesMajority(chosen, cluster.nodes.length)) {
    const acknowledged = clients.acknowledgedMs.filter((at) => at > startMs && at < endMs).length;
    assert.ok(acknowledged > 0, `No write was acknowledged during the fault: ${text}`);
  }
  return report;
}

function number(node: ClusterNode | undefined): number {
  return node?.host.number ?? 0;
}

function pick(cluster: TestCluster, random: SeededRandom, count: number): ClusterNode[] {
  const left = [...cluster.nodes];
  return Array.from({ length: count }, () => left.splice(random.nextBelow(left.length), 1))
    .flat();
}

async function kill(
  cluster: TestCluster,
  random: SeededRandom,
  count: number,
): Promise<Undo> {
  return await killThese(pick(cluster, random, count));
}

async function killThese(nodes: readonly ClusterNode[]): Promise<Undo> {
  await Promise.all(nodes.map((node) => node.crash()));
  return async () => {
    for (const node of nodes) node.launch();
    await Promise.all(nodes.map((node) => node.ready()));
  };
}

function pause(cluster: TestCluster, random: SeededRandom, count: number): Promise<Undo> {
  const nodes = pick(cluster, random, count);
  for (const node of nodes) node.pause();
  return Promise.resolve(() => {
    for (const node of nodes) node.resume();
    return Promise.resolve();
  });
}

async function cut(
  { lab }: RoundOptions,
  isLinked: (one: number, other: number) => boolean,
): Promise<Undo> {
  await lab.allow(isLinked);
  return () => lab.heal();
}

/** Lets real time pass, as faults must. */
