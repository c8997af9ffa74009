/**
 * `deno task bench NAME [OPTIONS]`: programs that measure Aether beside others on the same machine
 * in the same run, and print JSON lines. See docs/performance.md.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { run } from "../lib/process.ts";
import { leaveNothing } from "./child.ts";

type Bench = (args: string[]) => Promise<number>;

/** Needs clusters of real processes, which are the business of e2e. */
const program = (path: string, ...words: string[]) => () =>
  Promise.resolve((args: string[]) => {
    const file = fileURLToPath(new URL(`../../e2e/${path}`, import.meta.url));
    return run(Deno.execPath(), ["run", "-A", "--no-prompt", file, ...words, ...args]);
  });
const onCluster = (name: string) => program("cluster_bench.ts", name);

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  artifact: program("artifact_bench.ts"),
  calm: program("calm_bench.ts"),
  chain: program("chain_bench.ts"),
  consensus: async () => (await import("./consensus/consensus.ts")).benchConsensus,
  deploy: program("deployment_bench.ts", "deploy"),
  dht: async () => (await import("./dht/main.ts")).benchDht,
  failover: program("deployment_bench.ts", "failover"),
  idle: onCluster("idle"),
  upload: onCluster("upload"),
  http: async () => (await import("./http.ts")).benchHttp,
  invoke: async () => (await import("./invoke/main.ts")).benchInvoke,
  isolation: async () => (await import("./isolation.ts")).benchIsolation,
  log: async () => (await import("./log.ts")).benchLog,
  pubsub: async () => (await import("./pubsub/main.ts")).benchPubsub,
  routes: async () => (await import("./routes.ts")).benchRoutes,
  sweep: async () => (await import("./consensus/sweep.ts")).benchSweep,
  startup: async () => (await import("./startup.ts")).benchStartup,
  tls: async () => (await import("./tls.ts")).benchTls,
};

const usage = `Usage: deno task bench NAME [OPTIONS]

  artifact  Files into and out of the repository with three copies, beside nginx WebDAV
    --nodes N            Nodes (3)
    --rounds N           Measurements of everything, interleaved, after one that does not count (3)
    --megabytes N        Size of a file (10)
    --files N            Files of each client (4)
    --install            apt-get nginx when it is missing

  calm  Writes to the store while the gateways of the same nodes are idle, at 60 % and at full load
    --nodes N            Nodes (3)
    --seconds N          Length of each of the four measurements (20)

  chain  Three slices on three nodes under load while a node in the middle is killed or paused
    --runs N             Runs of each fault, each on a new cluster of five nodes (5)
    --seconds N          Length of a run; the fault comes after 5 s (60)
    --rate N             Requests per second (500)
    --fault LIST         kill, pause or both (kill,pause)

  consensus  Writes and linearizable reads of clusters through the public API, beside etcd
    --nodes LIST         Sizes of the clusters (3,5)
    --modes LIST         memory, durable or both
    --operations LIST    put, get or both
    --clients LIST       Clients at the same time (1,16,64,256)
    --duration SECONDS   Length of one measurement (3)
    --rounds N           Measurements of everything, interleaved (3)
    --tls                Measure nodes that talk over mutual TLS as well
    --binary FILE        Measure this executable instead of the source form
    --install            apt-get etcd-server, golang-go and golang-etcd-server-dev when missing

  deploy  From nothing to quorum, leader, two slices deployed and 1,000 successful requests
    --runs N             Cold starts (5)
    --nodes N            Nodes, each in a network of its own (5)
    --memory             Nothing on disk

  dht  Puts and gets of the distributed hash table on three nodes, beside one Redis
    --duration SECONDS   Length of one measurement (2)
    --rounds N           Measurements of everything, interleaved (3)
    --nodes N            Nodes (3)
    --install            apt-get redis-server when it is missing

  failover  Failed requests while a cluster of five is disturbed or changed, and how long it takes
    --cases LIST         a: kill -9 the leader, b: rolling update, c: drain, d: a canary that fails
                         calls, e: partitions (a,b,c,d,e)
    --runs N             Runs of each (5)
    --seconds N          Length of a run, of which 5 are before the event (60)
    --rate N             Requests per second, through all nodes (500)

  http     Requests through a node to the echo slice, beside bare Deno.serve, hono + zod and nginx
    --duration SECONDS   Length of one measurement (3)
    --rounds N           Measurements of everything, interleaved (3)
    --binary FILE        Measure this executable instead of the source form
    --install            apt-get nginx and wrk when they are missing

  idle  CPU and memory of each node of a cluster to which nobody says anything
    --nodes N            Nodes (5)
    --seconds N          How long it is watched (30)

  invoke  Calls between slices on one node and on two, beside NATS request-reply
    --duration SECONDS   Length of one measurement (2)
    --rounds N           Measurements of everything, interleaved (3)
    --only LIST          Some of same-node,cross-node,nats
    --binary FILE        Measure this executable instead of the source form
    --install            apt-get nats-server when it is missing

  isolation  An innocent slice beside hostile ones; many idle instances; starts and stops
    --duration SECONDS   Length of each stream of requests (30)
    --counts LIST        Idle instances (1,10,50,200)
    --cycles N           Also load and unload a slice N times in each tier (0)
    --tier TIER          worker or process: the cycles of this tier only
    --only PART          traps, idle, cycles, or bare: N workers that do nothing
    --binary FILE        Measure this executable instead of the source form

  log  Time until a record is durable, in reserved space beside a file that grows
    --records N          Records of each log, in turns (2000)
    --bytes N            Size of a record (512)
  pubsub  Acknowledged publishes and the way to the handler, beside JetStream with 3 replicas
    --duration SECONDS   Length of one measurement (3)
    --rounds N           Measurements of everything, interleaved (3)
    --binary FILE        Measure this executable instead of the source form
    --install            apt-get nats-server when it is missing

  routes  Finding a route among many, building the table, and changing one slice of it
    --counts LIST        Routes (10,1000,10000)
    --lookups N          Look-ups of each kind (200000)

  startup  From the start of a node to its first answers, and its idle memory
    --rounds N           Starts that count, after one that does not (5)
    --binary FILE        The executable that is measured beside the source form (dist/aether)

  sweep  Writes of clusters with other sizes, windows and batches, as lines and as a picture
    --clients N          Clients at the same time (64)
    --duration SECONDS   Length of one measurement (3)
    --rounds N           Measurements of everything, interleaved (2)
    --only LIST          Some of nodes,window,batches,commands
    --svg FILE           Where to draw them
    --install            apt-get golang-go and golang-etcd-server-dev when missing

  tls  A link between nodes over mutual TLS beside one over plain TCP
    --duration SECONDS   Length of one measurement (2)
    --rounds N           Measurements of everything, interleaved, after one that does not count (3)

  upload  A cluster under requests to /api/kv while slices are uploaded: nobody may seem dead
    --nodes N            Nodes (3)
    --clients N          Clients of /api/kv (256)
    --megabytes N        Uploads through the management port (1000)

artifact, calm, chain, deploy, failover, idle and upload run dist/aether: build it first.
http and startup take --markdown: print tables instead of JSON lines.
`;

async function main([name, ...args]: string[]): Promise<number> {
  const find = name === undefined || !Object.hasOwn(benches, name) ? undefined : benches[name];
  if (find === undefined) {
    console.error(usage);
    return name === undefined || name === "--help" ? 0 : 2;
  }
  if (Deno.build.os !== "linux") {
    console.error(`Benchmarks read /proc, which ${Deno.build.os} does not have: run them on Linux`);
    return 1;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => void leaveNothing().finally(() => Deno.exit(130)));
  }
  try {
    return await (await find())(args);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    return error instanceof RangeError || error instanceof TypeError ? 2 : 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
