/**
 * `deno task failover [OPTIONS]`: how long a cluster of real processes is without something when a
 * node dies or is cut off, as JSON lines, beside Debian's etcd on the same hosts.
 *
 * - `nothing`: longest time between two acknowledged writes while nothing happens, to compare with
 * - `kill a voter`: the same around the kill -9 of a voter
 * - `kill the leader`, `cut the leader off`: the same when that happens to the leader
 * - `next leader`: from the kill -9, or the cut, until the next leader is decided, in its term
 *
 * Writers use the other nodes only. etcd decides nothing without a leader, so there the gap between
 * writes is the time without one.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../scripts/lib/until.ts";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { EtcdCluster } from "./lib/etcd.ts";
import type { Host } from "./lib/netns.ts";
import { isInLab, Lab, runInLab } from "./lib/netns.ts";
import { World } from "./lib/world.ts";

const usage = `Usage: deno task failover [OPTIONS]

  --trials N    Kills of each kind (20)
  --cuts N      Cuts of the leader's network (5)
  --nodes N     Nodes of the cluster (3)
  --only NAME   aether or etcd
  --memory      Nothing on disk (etcd: on a disk in memory); default is both
`;
const clientsPerNode = 4;
const warmUpMs = 500;
/** What is lost with a dead or cut-off node is asked for again after this. */
const putTimeoutMs = 1_000;
/** Trials without a fault. */
const calmTrialsMax = 5;
const cutObservedMs = 5_000;

/** What is done to a cluster, whosever it is. */
interface Member {
  readonly id: string;
  readonly host: Host;
  put(key: string, value: string, timeoutMs: number): Promise<number>;
  launch(): void;
  crash(): Promise<void>;
  ready(): Promise<void>;
}

interface System {
  readonly name: string;
  /** Longer than it may take until writes go on after a kill. */
  readonly observedMs: number;
  readonly members: readonly Member[];
  start(): Promise<void>;
  /** Waits until all take part. */
  ready(): Promise<void>;
  leader(): Promise<Member>;
  /** From `startMs` of the wall clock until the others have another leader. */
  nextLeaderMs?(old: Member, startMs: number): Promise<number>;
}

/** Writes through some nodes without a pause, and notes when each was acknowledged. */
class Writers {
  readonly #acknowledgedMs: number[] = [];
  readonly #ended: Promise<unknown>;
  #isStopped = false;

  constructor(members: readonly Member[]) {
    const clients = members.flatMap((member) =>
      Array.from({ length: clientsPerNode }, () => member)
    );
    this.#ended = Promise.all(clients.map((member, client) => this.#run(member, client)));
  }

  /** Forgets what was before. */
  begin(): void {
    this.#acknowledgedMs.length = 0;
    this.#acknowledgedMs.push(performance.now());
  }

  /** Stops; answers the longest time between two acknowledged writes. */
  async stop(): Promise<number> {
    this.#acknowledgedMs.push(performance.now());
    this.#isStopped = true;
    const times = [...this.#acknowledgedMs];
    await this.#ended;
    const gaps = times.map((atMs, index) => atMs - (times[index - 1] ?? atMs));
    return Math.max(...gaps);
  }

  async #run(member: Member, client: number): Promise<void> {
    for (let round = 0; !this.#isStopped; round++) {
      const status = await member.put(`w${client}/${round % 100}`, "x".repeat(64), putTimeoutMs);
      if (status === 200) this.#acknowledgedMs.push(performance.now());
      else await sleep(10);
    }
  }
}

function aetherSystem(cluster: TestCluster): System {
  const nodeOf = (member: Member) => member as ClusterNode;
  return {
    name: "aether",
    observedMs: 1_500,
    members: cluster.nodes,
    start: async () => {
      await cluster.start();
      await cluster.writable();
    },
    ready: () => cluster.ready(),
    leader: () =>
      until("all nodes know the same leader", async () => {
        const leaders = await Promise.all(cluster.nodes.map((node) => cluster.leader(node)));
        const [first] = leaders;
        return leaders.every((leader) => leader === first) ? first : undefined;
      }),
    nextLeaderMs: (old, startMs) =>
      electionMs(cluster.nodes.filter((node) => node !== nodeOf(old)), old.id, startMs),
  };
}

function etcdSystem(cluster: EtcdCluster): System {
  return {
    name: "etcd",
    observedMs: 3_500,
    members: cluster.nodes,
    start: () => cluster.start(),
    ready: () => cluster.ready(),
    leader: () => cluster.leader(),
  };
}

/** From `startMs`, of the wall clock, until a node's log tells of another leader than `old`. */
async function electionMs(
  survivors: readonly ClusterNode[],
  old: string,
  startMs: number,
): Promise<number> {
  const decided = survivors.map(({ process }) =>
    process.line("stderr", (line) => {
      const [, time, leader] = /^(\S+) .*The leader has changed leader="(\w+)"/.exec(line) ?? [];
      const atMs = Date.parse(time ?? "");
      return leader !== undefined && leader !== old && atMs >= startMs ? atMs : undefined;
    })
  );
  return Math.max(0, await Promise.any(decided) - startMs);
}

/** What a trial measured. */
interface Trial {
  readonly gapMs: number;
  readonly nextLeaderMs?: number;
}

/** Does something to a member while the others are written to. */
async function trial(
  system: System,
  victim: Member,
  happen: () => Promise<void>,
  forMs: number,
): Promise<Trial> {
  const survivors = system.members.filter((member) => member !== victim);
  const writers = new Writers(survivors);
  await sleep(warmUpMs);
  writers.begin();
  const startMs = Date.now();
  const next = system.nextLeaderMs?.(victim, startMs);
  // Only the trials of leaders wait for it.
  next?.catch(() => {});
  await happen();
  await sleep(forMs);
  const gapMs = await writers.stop();
  return { gapMs, ...(next === undefined ? {} : { nextLeaderMs: await settled(next) }) };
}

/** The value of a promise if it has one by now; NaN otherwise. */
function settled(promise: Promise<number>): Promise<number> {
  return Promise.race([promise, sleep(0).then(() => NaN)]);
}

async function revive(system: System, victim: Member): Promise<void> {
  victim.launch();
  await victim.ready();
  await system.ready();
  await sleep(1_000);
}

function report(what: string, about: object, valuesMs: readonly number[]): void {
  const sorted = valuesMs.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return;
  const at = (share: number) =>
    Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;
  const summary = { trials: sorted.length, p50Ms: at(0.5), p90Ms: at(0.9), maxMs: at(1) };
  console.log(JSON.stringify({ what, ...about, ...summary }));
}

/** All trials of one system; `about` goes into each line. */
async function measure(
  system: System,
  lab: Lab,
  about: object,
  { trials, cuts }: { trials: number; cuts: number },
): Promise<void> {
  await system.start();
  const gaps = (results: readonly Trial[]) => results.map(({ gapMs }) => gapMs);
  const elections = (results: readonly Trial[]) =>
    results.flatMap(({ nextLeaderMs }) => nextLeaderMs === undefined ? [] : [nextLeaderMs]);
  const voters = Array.from({ length: trials }, (_, index) => index % system.members.length);
  const calm: Trial[] = [];
  const kills: Trial[] = [];
  for (const index of voters) {
    const victim = system.members[index] as Member;
    if (calm.length < calmTrialsMax) {
      calm.push(await trial(system, victim, () => Promise.resolve(), system.observedMs));
    }
    kills.push(await trial(system, victim, () => victim.crash(), system.observedMs));
    await revive(system, victim);
  }
  report("nothing: gap between writes", about, gaps(calm));
  report("kill a voter: gap between writes", about, gaps(kills));
  const leaderKills: Trial[] = [];
  for (const _ of voters) {
    const leader = await system.leader();
    leaderKills.push(await trial(system, leader, () => leader.crash(), system.observedMs));
    await revive(system, leader);
  }
  report("kill the leader: gap between writes", about, gaps(leaderKills));
  report("kill the leader: next leader", about, elections(leaderKills));
  const cutOff: Trial[] = [];
  for (let round = 0; round < cuts; round++) {
    const leader = await system.leader();
    const { number } = leader.host;
    const cut = () => lab.allow((one, other) => one !== number && other !== number);
    cutOff.push(await trial(system, leader, cut, cutObservedMs));
    await lab.heal();
    await system.ready();
    await sleep(1_000);
  }
  report("cut the leader off: gap between writes", about, gaps(cutOff));
  report("cut the leader off: next leader", about, elections(cutOff));
}

/** A folder for etcd's data: in memory, or where Aether has its own. */
async function folderOf(world: World, isDurable: boolean): Promise<string> {
  return isDurable ? world.path("etcd") : await Deno.makeTempDir({ dir: "/run" });
}

async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trials: { type: "string", default: "20" },
      cuts: { type: "string", default: "5" },
      nodes: { type: "string", default: "3" },
      only: { type: "string" },
      memory: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const lab = await Lab.open();
  const hosts = lab.hosts.slice(0, Number(values.nodes));
  const counts = { trials: Number(values.trials), cuts: Number(values.cuts) };
  const names = values.only === undefined ? ["aether", "etcd"] : [values.only];
  for (const isDurable of values.memory ? [false] : [false, true]) {
    for (const name of names) {
      const world = await World.open();
      try {
        const system = name === "etcd"
          ? etcdSystem(new EtcdCluster(world, hosts, await folderOf(world, isDurable)))
          : aetherSystem(await TestCluster.create(world, { hosts, isDurable }));
        await measure(system, lab, { system: name, nodes: hosts.length, isDurable }, counts);
      } catch (error) {
        console.error(error, world.log);
        return 1;
      } finally {
        await world.close();
      }
    }
  }
  return 0;
}

if (import.meta.main) {
  Deno.exit(isInLab() ? await bench(Deno.args) : await runInLab(import.meta.url, Deno.args));
}
