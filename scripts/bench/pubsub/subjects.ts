/**
 * What the benchmark of topics compares: Aether and JetStream, three nodes each on this machine.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { aetherCommand } from "../aether_node.ts";
import { freePort, listening, runToEnd, Server } from "../child.ts";
import type { LoopResult } from "../invoke/loop.ts";
import { LineProcess } from "../invoke/line_process.ts";
import type { Noted } from "./latencies.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const nodeCount = 3;

/** One run of a publisher. */
export interface Run {
  readonly bytes: number;
  readonly inFlight: number;
  readonly durationMs: number;
}

/** What a run measured: acknowledged publishes, and how long messages took to their handler. */
export interface Result {
  readonly published: LoopResult;
  readonly noted: Noted;
}

/** Something that is measured. */
export interface Subject {
  readonly name: "replicated" | "synced" | "jetstream";
  run(run: Run): Promise<Result>;
}

/** Where things are kept, and which executable is measured. */
export interface SubjectOptions {
  readonly folder: string;
  readonly binary?: string;
}

const sliceText = `import { contract, method, slice, subscribe, topic, z } from "aether";
import { closedLoop } from "./loop.ts";
import { Latencies, preciseMs } from "./latencies.ts";
const tick = z.object({ sentAtMs: z.number(), data: z.string() });
const replicated = topic("replicated", tick, { durability: "replicated" });
const synced = topic("synced", tick, { durability: "synced" });
const bench = contract("org.example:bench-topics", {
  run: method({
    input: z.object({
      topic: z.enum(["replicated", "synced"]),
      bytes: z.number(), inFlight: z.number(), durationMs: z.number(),
    }),
    output: z.any(),
    http: "POST /bench",
  }),
});
export default slice(bench, {
  needs: { replicated, synced },
  subscriptions: {
    onReplicated: subscribe(replicated, { concurrency: 64 }),
    onSynced: subscribe(synced, { concurrency: 64 }),
  },
  create: (topics) => {
    const latencies = new Latencies();
    return {
      run: async ({ topic, bytes, inFlight, durationMs }) => {
        const data = "x".repeat(bytes);
        const publish = () => topics[topic].publish({ sentAtMs: preciseMs(), data });
        latencies.take();
        const published = await closedLoop(publish, inFlight, durationMs);
        await new Promise((resolve) => setTimeout(resolve, 500));
        return { published, noted: latencies.take() };
      },
      onReplicated: ({ sentAtMs }) => latencies.note(sentAtMs),
      onSynced: ({ sentAtMs }) => latencies.note(sentAtMs),
    };
  },
});
`;

/** Starts three nodes with a slice that publishes and subscribes; one subject per durability. */
export async function startAether(
  options: SubjectOptions,
  stack: AsyncDisposableStack,
): Promise<Subject[]> {
  const ids = Array.from({ length: nodeCount }, (_, index) => `n${index + 1}`);
  const nodes = ids.map((id) => ({ id, cluster: freePort(), management: freePort() }));
  const app = freePort();
  const peers = nodes.map(({ id, cluster }) => `${id}:127.0.0.1:${cluster}`).join(",");
  const servers = nodes.map(({ id, cluster, management }, index) => {
    const words = ["node", "start", "--node-id", id, "--log-level", "warn", "--exit-with-parent"];
    words.push("--peers", peers, "--data-dir", join(options.folder, id));
    words.push("--port", `${cluster}`, "--management-port", `${management}`);
    words.push("--gateway-port", "0", "--storage-port", "0");
    words.push("--app-port", index === 0 ? `${app}` : "0");
    return stack.use(Server.start(aetherCommand(words, options)));
  });
  for (const [index, { management }] of nodes.entries()) {
    await servers[index]?.answers(`http://127.0.0.1:${management}/health/ready`, 60_000);
  }
  const slice = join(options.folder, "bench-topics");
  await Deno.mkdir(slice);
  await Deno.writeTextFile(
    join(slice, "slice.toml"),
    'artifact = "org.example:bench-topics:1.0.0"\n[limits]\nconcurrency = 1000\n',
  );
  await Deno.writeTextFile(join(slice, "mod.ts"), sliceText);
  await Deno.copyFile(join(here, "latencies.ts"), join(slice, "latencies.ts"));
  await Deno.copyFile(join(here, "../invoke/loop.ts"), join(slice, "loop.ts"));
  const connect = ["--connect", `127.0.0.1:${nodes[0]?.management}`];
  const command = (...args: string[]) =>
    runToEnd(aetherCommand([...args, ...connect], options), 60_000);
  await command("slice", "publish", slice, "--skip-check");
  const blueprint = join(options.folder, "blueprint.toml");
  await Deno.writeTextFile(
    blueprint,
    'id = "org.example:bench:1.0.0"\n[[slices]]\nartifact = "org.example:bench-topics:1.0.0"\n',
  );
  await command("blueprint", "apply", blueprint);
  return (["replicated", "synced"] as const).map((name) => ({
    name,
    run: async (run) => {
      const response = await fetch(`http://127.0.0.1:${app}/bench`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ topic: name, ...run }),
      });
      const body = await response.json();
      if (response.status !== 200) throw new Error(`Aether answers ${JSON.stringify(body)}`);
      return body as Result;
    },
  }));
}

/** Starts three NATS servers with JetStream, and a client that publishes and subscribes. */
export async function startJetStream(
  { folder }: SubjectOptions,
  stack: AsyncDisposableStack,
): Promise<Subject> {
  const servers = Array.from({ length: nodeCount }, (_, index) => ({
    name: `s${index + 1}`,
    port: freePort(),
    route: freePort(),
  }));
  const routes = servers.map(({ route }) => `nats://127.0.0.1:${route}`).join(",");
  for (const { name, port, route } of servers) {
    const args = ["-a", "127.0.0.1", "-p", `${port}`, "-n", name, "-js"];
    args.push("-sd", join(folder, name), "--cluster_name", "bench");
    args.push("--cluster", `nats://127.0.0.1:${route}`, "--routes", routes);
    stack.use(Server.start({ command: "nats-server", args }));
  }
  for (const { port } of servers) await listening(port);
  const client = stack.use(
    await LineProcess.start(join(here, "nats_client.ts"), [`${servers[0]?.port}`]),
  );
  return {
    name: "jetstream",
    run: async (run) => JSON.parse(await client.ask(JSON.stringify(run))) as Result,
  };
}
