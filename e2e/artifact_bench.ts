/**
 * `deno task bench artifact`: megabytes per second into and out of the repository of a cluster that
 * keeps three copies on disk, beside nginx WebDAV, which keeps one, in rounds of the same run.
 *
 * Files are random, so that no chunk is there twice; clients take turns among the nodes, and read
 * from another node than they wrote to. nginx does not sync what it is given.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort, Server } from "../scripts/bench/child.ts";
import { readCpu, readMemory } from "../scripts/bench/proc.ts";
import { quotients, rounded, spreadOf } from "../scripts/bench/statistics.ts";
import { checkTools, environment } from "../scripts/bench/tools.ts";
import { ArtifactCluster, randomBytes } from "./lib/artifacts_run.ts";
import { inWorld, type World } from "./lib/world.ts";

const clientCounts = [1, 4] as const;
const directions = ["up", "down"] as const;
const ticksPerSecond = 100;

interface Options {
  readonly nodes: number;
  readonly rounds: number;
  readonly fileBytes: number;
  readonly filesPerClient: number;
}

/** Something that files can be put into and got from. */
interface Subject {
  readonly name: "aether" | "nginx";
  readonly pids: readonly number[];
  /** Where a file is, for the client that writes and for the one that reads it. */
  url(file: string, direction: typeof directions[number], turn: number): string;
}

interface Measured {
  readonly subject: Subject["name"];
  readonly direction: typeof directions[number];
  readonly clients: number;
  readonly megabytesPerSecond: number;
  readonly cpuMsPerMegabyte: number;
}

async function bench(world: World, options: Options): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const cluster = await ArtifactCluster.start(world, options.nodes);
  const aether: Subject = {
    name: "aether",
    pids: cluster.nodes.map(({ process }) => process.pid),
    url: (file, direction, turn) => {
      const node = cluster.node(1 + (turn + (direction === "up" ? 0 : 1)) % options.nodes);
      return `${node.management}/repository/org/bench/${file}/1.0/${file}-1.0.bin`;
    },
  };
  const subjects = [aether, await startNginx(world, stack)];
  const measured: Measured[] = [];
  for (let round = -1; round < options.rounds; round++) {
    console.error(round < 0 ? "Warming up" : `Round ${round + 1} of ${options.rounds}`);
    for (const clients of clientCounts) {
      for (const subject of subjects) {
        const both = await measure(subject, clients, options, `r${round + 1}c${clients}`);
        if (round >= 0) measured.push(...both);
      }
    }
  }
  const [loadAverage = 0] = Deno.loadavg();
  const facts = { kind: "environment", bench: "artifact", ...options, loadAverage };
  console.log(JSON.stringify({ ...facts, ...await environment() }));
  for (const line of report(measured)) console.log(JSON.stringify(line));
  const rssMb = aether.pids.map((pid) => readMemory(pid).rssMb);
  console.log(JSON.stringify({ kind: "memory", subject: "aether", rssMb }));
}

async function measure(
  subject: Subject,
  clients: number,
  { fileBytes, filesPerClient }: Options,
  name: string,
): Promise<Measured[]> {
  const contents = Array.from({ length: clients * filesPerClient }, () => randomBytes(fileBytes));
  const measured: Measured[] = [];
  for (const direction of directions) {
    const cpuMs = cpuMsOf(subject);
    const startMs = performance.now();
    await Promise.all(Array.from({ length: clients }, async (_, client) => {
      for (let turn = client; turn < contents.length; turn += clients) {
        const body = contents[turn] as Uint8Array<ArrayBuffer>;
        const url = subject.url(`${name}-${turn}`, direction, turn);
        await (direction === "up" ? upload(url, body) : download(url, body));
      }
    }));
    const seconds = (performance.now() - startMs) / 1_000;
    const megabytes = contents.length * fileBytes / 1e6;
    measured.push({
      subject: subject.name,
      direction,
      clients,
      megabytesPerSecond: megabytes / seconds,
      cpuMsPerMegabyte: (cpuMsOf(subject) - cpuMs) / megabytes,
    });
  }
  return measured;
}

async function upload(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(url, { method: "PUT", body });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`PUT ${url} answered ${response.status}: ${text}`);
}

async function download(url: string, expected: Uint8Array): Promise<void> {
  const response = await fetch(url);
  let bytes = 0;
  for await (const piece of response.body ?? []) bytes += piece.length;
  if (response.status === 200 && bytes === expected.length) return;
  throw new Error(`GET ${url} answered ${response.status} with ${bytes} bytes`);
}

function cpuMsOf({ pids }: Subject): number {
  const ticks = pids.reduce((sum, pid) => sum + readCpu(pid).process, 0);
  return ticks * 1_000 / ticksPerSecond;
}

/** One process that takes PUT and GET of whole files. */
async function startNginx(world: World, stack: AsyncDisposableStack): Promise<Subject> {
  const folder = world.path("nginx");
  await Deno.mkdir(join(folder, "files"), { recursive: true });
  const temporary = ["proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, "temporary")};`).join("\n  ");
  const port = freePort();
  const file = await world.write(
    "nginx/nginx.conf",
    `daemon off;
master_process off;
pid ${join(folder, "nginx.pid")};
error_log stderr;
events { worker_connections 256; }
http {
  ${temporary}
  client_body_temp_path ${join(folder, "bodies")};
  client_max_body_size 100m;
  access_log off;
  server {
    listen 127.0.0.1:${port};
    location /health { return 200; }
    location /files/ { root ${folder}; dav_methods PUT; create_full_put_path on; }
  }
}
`,
  );
  const args = ["-c", file, "-p", folder, "-e", "stderr"];
  const server = stack.use(Server.start({ command: "nginx", args }));
  await server.answers(`http://127.0.0.1:${port}/health`);
  const base = `http://127.0.0.1:${port}/files`;
  return { name: "nginx", pids: [server.pid], url: (path) => `${base}/${path}` };
}

/** One line for each subject, direction and number of clients, with ratios to nginx. */
function report(measured: readonly Measured[]): unknown[] {
  const nameOf = (subject: string, { direction, clients }: Measured) =>
    `${subject}/${direction}/${clients}`;
  const groups = Map.groupBy(measured, (each) => nameOf(each.subject, each));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { subject, direction, clients } = first;
    const floor = groups.get(nameOf("nginx", first)) ?? [];
    const spread = (of: (each: Measured) => number) => rounded(spreadOf(group.map(of)), 3);
    const over = (of: (each: Measured) => number) =>
      subject === "nginx"
        ? undefined
        : rounded(spreadOf(quotients(group.map(of), floor.map(of))), 3);
    const rate = ({ megabytesPerSecond }: Measured) => megabytesPerSecond;
    return [{
      ...{ kind: "artifact", subject, direction, clients },
      megabytesPerSecond: spread(rate),
      cpuMsPerMegabyte: spread(({ cpuMsPerMegabyte }) => cpuMsPerMegabyte),
      rateOverNginx: over(rate),
    }];
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      nodes: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      megabytes: { type: "string", default: "10" },
      files: { type: "string", default: "4" },
      install: { type: "boolean", default: false },
    },
  });
  await checkTools(["nginx"], values.install);
  return await inWorld(async (world) => {
    await bench(world, {
      nodes: Number(values.nodes),
      rounds: Number(values.rounds),
      fileBytes: Number(values.megabytes) * 1e6,
      filesPerClient: Number(values.files),
    });
    return true;
  });
}

if (import.meta.main) Deno.exit(await main());
