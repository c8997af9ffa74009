/**
 * What is done to a cluster under load in `deno task bench failover`, and what must follow.
 *
 * @module
 */
import { until } from "../../../scripts/lib/until.ts";
import type { ClusterNode, TestCluster } from "../cluster.ts";
import type { Lab } from "../netns.ts";
import type { World } from "../world.ts";
import { blueprint, healthy } from "./app.ts";
import type { Outcome } from "./open_load.ts";

/** What a case works with. */
export interface CaseWorld {
  readonly world: World;
  readonly lab: Lab;
  readonly cluster: TestCluster;
  /** How long a partition lasts. */
  readonly cutMs: number;
  /** Milliseconds since the start of the load. */
  now(): number;
}

/** What a case measured beside the requests. */
export type Measured = Readonly<Record<string, number | string>>;

/** One case. */
export interface FailoverCase {
  readonly what: string;
  /** Path of the requests that do not go to the URL shortener. */
  readonly other: string;
  /** What happens, 5 s after the load began; it resolves when all is as it should be again. */
  happen(world: CaseWorld): Promise<Measured>;
  /** What must be so before the next run. */
  restore?(world: CaseWorld): Promise<void>;
  /** Whether a failure is one that the case cannot avoid; the text says why. */
  allow?(outcome: Outcome, measured: Measured, world: CaseWorld): string | undefined;
  /** Why a failure that counts happened, as far as that is known. */
  explain?(outcome: Outcome, measured: Measured, world: CaseWorld): string;
  /** Most other failures. */
  readonly failedMax: number;
}

const rolling = ["--observe", "2s", "--min-requests", "50", "--cleanup", "IMMEDIATE"];

/** All cases, by their letter in the issue. */
export const cases: Readonly<Record<string, FailoverCase>> = {
  a: {
    what: "kill -9 the leader, start a replacement",
    other: "/echo/a",
    failedMax: 3,
    happen: killLeader,
    explain({ node, atMs, tookMs, status }, { killed, killedMs = 0 }, { cluster }) {
      const isDuring = atMs <= Number(killedMs) && atMs + tookMs >= Number(killedMs);
      const id = cluster.nodes.find(({ host }) => node.includes(`${host.management}:`))?.id;
      if (!isDuring) return "after the kill";
      return status === 0 && id === killed
        ? "in flight on the killed node"
        : "in flight on another node, which needed the killed one";
    },
  },
  b: {
    what: "rolling update of echo",
    other: "/echo/a",
    failedMax: 0,
    async happen({ cluster, now }) {
      const startMs = now();
      const words = ["deploy", "start", "org.example:echo:2.0.0", "--strategy", "rolling"];
      const out = await cluster.node(1).must([...words, ...rolling, "--timeout", "10m"]);
      return { toCompletedMs: now() - startMs, end: out.trim().split("\n").at(-1) ?? "" };
    },
    restore: applied,
  },
  c: {
    what: "drain of a node",
    other: "/echo/a",
    failedMax: 0,
    async happen({ cluster, now }) {
      const startMs = now();
      await cluster.node(1).must(["node", "drain", "n3"]);
      return { toDrainedMs: now() - startMs };
    },
    async restore({ cluster }) {
      await cluster.node(1).must(["node", "activate", "n3"]);
      await spread(cluster);
    },
  },
  d: {
    what: "canary that fails 5 % of its calls",
    other: "/moody",
    failedMax: 0,
    async happen({ cluster, now }) {
      const startMs = now();
      const { code, stderr } = await cluster.node(1).run([
        ...["deploy", "start", "org.example:moody:2.0.0", "--strategy", "canary"],
        ...["--stages", "10@60s,50@60s", "--min-requests", "100", "--timeout", "10m"],
      ]);
      if (code !== 1 || !stderr.includes("ROLLED_BACK")) throw new Error(`${code}: ${stderr}`);
      await healthy(cluster.node(1));
      return { toRolledBackMs: now() - startMs, end: stderr.trim().split("\n")[0] ?? "" };
    },
    allow: ({ kind, status }) =>
      kind === "GET /moody" && status === 500 ? "the canary's own failures" : undefined,
    restore: applied,
  },
  e: {
    what: "a minority is cut off, then the leader with a minority",
    other: "/echo/a",
    failedMax: 0,
    happen: partitions,
    allow: lostInPartition,
  },
};

async function applied({ cluster }: CaseWorld): Promise<void> {
  await cluster.node(1).must(["blueprint", "apply", "-"], blueprint());
  await spread(cluster);
}

/** Waits until every node has its share. */
async function spread(cluster: TestCluster): Promise<void> {
  await healthy(cluster.node(1));
  await until("every node has its share", async () => {
    const view = await cluster.node(1).json<{ instances: { node: string }[] }>(
      "/api/slices/status",
    );
    const nodes = new Set(view?.instances.map(({ node }) => node));
    return nodes.size === cluster.nodes.length || undefined;
  });
}

async function killLeader({ cluster, now }: CaseWorld): Promise<Measured> {
  const leader = await until("a leader", () => cluster.leader(cluster.node(1)));
  const others = cluster.nodes.filter((node) => node !== leader);
  const [survivor] = others as [ClusterNode];
  const explainPath = "/api/explain/instance/org.example:echo";
  const before = (await survivor.json<{ term: number }>(explainPath))?.term ?? 0;
  const killedMs = now();
  const killedWallMs = Date.now();
  const elected = others.map((node) =>
    node.process.line("stderr", (line) => {
      const [, time, id] = /^(\S+) .*The leader has changed leader="(\w+)"/.exec(line) ?? [];
      const atMs = Date.parse(time ?? "");
      return id !== undefined && id !== leader.id && atMs >= killedWallMs ? atMs : undefined;
    })
  );
  await leader.crash();
  leader.launch();
  const toLeaderMs = await Promise.any(elected) - killedWallMs;
  await until("the first decision", async () => {
    const decided = await survivor.json<{ term: number }>(explainPath);
    return decided !== undefined && decided.term > before || undefined;
  });
  const toDecisionMs = now() - killedMs;
  // The dead node's instances count until they are known to be gone.
  await until("the leader has noticed", async () => {
    const view = await survivor.json<{ nodes: { id: string; alive: boolean }[] }>(
      "/api/nodes/lifecycle",
    );
    return view?.nodes.some(({ id, alive }) => id === leader.id && !alive) || undefined;
  }, 5_000).catch(() => {});
  await leader.ready();
  await spread(cluster);
  return { killed: leader.id, killedMs, toLeaderMs, toDecisionMs, toHealthyMs: now() - killedMs };
}

async function partitions({ lab, cluster, cutMs, now }: CaseWorld): Promise<Measured> {
  const leader = await until("a leader", () => cluster.leader(cluster.node(1)));
  const number = leader.host.number;
  const rest = cluster.nodes.map(({ host }) => host.number).filter((each) => each !== number);
  const [one = 0, two = 0, three = 0, four = 0] = rest;
  const measured: Record<string, number | string> = {};
  for (
    const [name, minority, majority] of [
      ["minority", [one, two], [number, three, four]],
      ["leader", [number, one], [two, three, four]],
    ] as const
  ) {
    measured[`${name}CutMs`] = now();
    measured[`${name}Side`] = majority.map((each) => `n${each}`).join();
    await lab.split(minority, majority);
    await new Promise((resolve) => setTimeout(resolve, cutMs));
    await lab.heal();
    measured[`${name}HealMs`] = now();
    await cluster.ready();
    await spread(cluster);
    measured[`${name}ToHealthyMs`] = now() - Number(measured[`${name}HealMs`]);
  }
  return measured;
}

/** Writes need a majority; what was under way at the cut may be lost with its node. */
function lostInPartition(
  { kind, node, atMs, tookMs }: Outcome,
  measured: Measured,
  { cluster }: CaseWorld,
): string | undefined {
  if (!kind.includes("/urls")) return undefined;
  const id = cluster.nodes.find(({ host }) => node.includes(`${host.management}:`))?.id ?? "";
  for (const name of ["minority", "leader"]) {
    const cutMs = Number(measured[`${name}CutMs`]);
    const healMs = Number(measured[`${name}HealMs`]);
    const isMajority = String(measured[`${name}Side`]).split(",").includes(id);
    const isDuring = atMs + tookMs >= cutMs && atMs <= healMs + 2_000;
    if (isDuring && !isMajority) return "on the side without a majority";
    // Whatever a node has not answered when it is cut off.
    if (isMajority && atMs <= cutMs + 500 && atMs + tookMs >= cutMs) return "in flight at the cut";
  }
  return undefined;
}
