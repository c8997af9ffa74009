/**
 * `deno task failover [OPTIONS]`: how long a cluster of real processes is without something when a
 * node dies or is cut off, as JSON lines.
 *
 * - `nothing`: longest time between two acknowledged writes while nothing happens, to compare with
 * - `kill a voter`: longest time between two acknowledged writes around the kill -9 of a voter
 * - `kill the leader`: from the kill -9 of the leader to the decision for the next one
 * - `cut the leader off`: the same, with the leader's network cut instead
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { isInLab, Lab, runInLab } from "./lib/netns.ts";
import { until, World } from "./lib/world.ts";

const clientsPerNode = 4;

/** Writes through some nodes without a pause, and notes when each was acknowledged. */
class Writers {
  readonly acknowledgedMs: number[] = [];
  readonly #ended: Promise<unknown>;
  #isStopped = false;

  constructor(nodes: readonly ClusterNode[]) {
    const clients = nodes.flatMap((node) => Array.from({ length: clientsPerNode }, () => node));
    this.#ended = Promise.all(clients.map((node, client) => this.#run(node, client)));
  }

  /** Longest time between two acknowledged writes. */
  get gapMs(): number {
    let gapMs = 0;
    for (const [index, atMs] of this.acknowledgedMs.entries()) {
      gapMs = Math.max(gapMs, atMs - (this.acknowledgedMs[index - 1] ?? atMs));
    }
    return gapMs;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async #run(node: ClusterNode, client: number): Promise<void> {
    for (let round = 0; !this.#isStopped; round++) {
      const status = await node.put(`w${client}/${round % 100}`, "x".repeat(64));
      if (status === 200) this.acknowledgedMs.push(performance.now());
      else await sleep(10);
    }
  }
}

/** The leader, in whose election all nodes agree. */
async function settledLeader(cluster: TestCluster): Promise<ClusterNode> {
  return await until("all nodes know the same leader", async () => {
    const leaders = await Promise.all(cluster.nodes.map((node) => cluster.leader(node)));
    const [first] = leaders;
    return leaders.every((leader) => leader === first) ? first : undefined;
  });
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

/** Longest time between writes through all nodes but one, which is killed or not. */
async function writeGapMs(
  cluster: TestCluster,
  victim: ClusterNode,
  isKilled: boolean,
): Promise<number> {
  const survivors = cluster.nodes.filter((node) => node !== victim);
  const writers = new Writers(survivors);
  await sleep(500);
  writers.acknowledgedMs.length = 0;
  if (isKilled) await victim.crash();
  await sleep(1_000);
  await writers.stop();
  if (isKilled) {
    victim.launch();
    await victim.ready();
    await cluster.ready();
  }
  await sleep(500);
  return writers.gapMs;
}

async function killLeader(cluster: TestCluster): Promise<number> {
  const leader = await settledLeader(cluster);
  const survivors = cluster.nodes.filter((node) => node !== leader);
  const startMs = Date.now();
  await leader.crash();
  const tookMs = await electionMs(survivors, leader.id, startMs);
  leader.launch();
  await leader.ready();
  return tookMs;
}

async function cutLeader(cluster: TestCluster, lab: Lab): Promise<number> {
  const leader = await settledLeader(cluster);
  const survivors = cluster.nodes.filter((node) => node !== leader);
  const { number } = leader.host;
  const startMs = Date.now();
  await lab.allow((one, other) => one !== number && other !== number);
  const tookMs = await electionMs(survivors, leader.id, startMs);
  await lab.heal();
  await cluster.writable();
  return tookMs;
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

function report(what: string, about: Readonly<Record<string, unknown>>, valuesMs: number[]): void {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;
  const summary = { trials: sorted.length, p50Ms: at(0.5), p90Ms: at(0.9), maxMs: at(1) };
  console.log(JSON.stringify({ what, ...about, ...summary }));
}

async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trials: { type: "string", default: "20" },
      cuts: { type: "string", default: "5" },
      nodes: { type: "string", default: "3" },
    },
  });
  const lab = await Lab.open();
  for (const isDurable of [true]) {
    const world = await World.open();
    try {
      const about = { nodes: Number(values.nodes), isDurable };
      const hosts = lab.hosts.slice(0, about.nodes);
      const cluster = await TestCluster.create(world, { hosts, isDurable });
      await cluster.start();
      await cluster.writable();
      const calm: number[] = [];
      const gaps: number[] = [];
      for (let trial = 0; trial < Number(values.trials); trial++) {
        const victim = cluster.node(trial % about.nodes + 1);
        calm.push(await writeGapMs(cluster, victim, false));
        gaps.push(await writeGapMs(cluster, victim, true));
      }
      report("nothing: longest gap between writes", about, calm);
      report("kill a voter: longest gap between writes", about, gaps);
      const kills: number[] = []; (globalThis as any).world = world;
      for (let trial = 0; trial < Number(values.trials); trial++) {
        await cluster.ready();
        await sleep(1_000);
        kills.push(await killLeader(cluster));
      }
      report("kill the leader: until the next is decided", about, kills); console.log(kills.join(" ")); console.log(world.log);
      const cuts: number[] = [];
      for (let trial = 0; trial < Number(values.cuts); trial++) {
        await cluster.ready();
        await sleep(1_000);
        cuts.push(await cutLeader(cluster, lab));
      }
      report("cut the leader off: until the next is decided", about, cuts);
    } catch (error) {
      console.error(error, world.log);
      return 1;
    } finally {
      await world.close();
    }
  }
  return 0;
}

if (import.meta.main) {
  Deno.exit(isInLab() ? await bench(Deno.args) : await runInLab(import.meta.url, Deno.args));
}
