/**
 * Starts the servers of `bench http` and says how each one is reached.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Aether, type AetherOptions, deployEcho, startPair } from "./aether_node.ts";
import { freePort, Server } from "./child.ts";

/** The servers, in the order in which they are printed. */
export const serverNames = ["bare", "hono+zod", "nginx", "forwarded", "aether"] as const;
/** A name of {@link serverNames}. */
export type ServerName = typeof serverNames[number];

/** A server that answers. */
export interface RunningServer {
  readonly name: ServerName;
  /** All processes that have a part in an answer. */
  readonly pids: readonly number[];
  /** Address without a path. */
  readonly url: string;
}

const peerProgram = fileURLToPath(new URL("peer_server.ts", import.meta.url));
const configFile = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Starts one of the servers; `stack` ends it. */
export async function startServer(
  name: ServerName,
  options: AetherOptions,
  stack: AsyncDisposableStack,
): Promise<RunningServer> {
  if (name === "aether") return await startAether(options, stack);
  if (name === "forwarded") return await startForwarded(options, stack);
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const process = stack.use(
    name === "nginx" ? Server.start(await nginxCommand(options.folder, port)) : Server.start({
      command: Deno.execPath(),
      args: [
        ...["run", "--allow-net", "--no-prompt", "--cached-only", "--config", configFile],
        ...[peerProgram, name === "bare" ? "bare" : "hono", `${port}`],
      ],
    }),
  );
  await process.answers(`${url}/echo/hello`);
  return { name, pids: [process.pid], url };
}

async function startAether(
  options: AetherOptions,
  stack: AsyncDisposableStack,
): Promise<RunningServer> {
  const aether = new Aether(options);
  const process = stack.use(aether.start());
  await process.answers(aether.liveUrl);
  await aether.deployEcho();
  await process.answers(`${aether.appUrl}/echo/hello`);
  return { name: "aether", pids: [process.pid], url: aether.appUrl };
}

/** Two nodes; requests enter the one that has no instance. */
async function startForwarded(
  options: AetherOptions,
  stack: AsyncDisposableStack,
): Promise<RunningServer> {
  const folder = join(options.folder, "forwarded");
  await Deno.mkdir(folder);
  const pair = await startPair({ ...options, folder }, stack);
  const [first] = pair;
  if (first === undefined) throw new Error("No node was started");
  await deployEcho({ ...options, folder }, first.management);
  const answer = await fetch(`http://127.0.0.1:${first.management}/api/slices/status`);
  const status = await answer.json() as { instances: { node: string }[] };
  const far = pair.find(({ id }) => id !== status.instances[0]?.node) ?? first;
  const url = `http://127.0.0.1:${far.app}`;
  await far.server.answers(`${url}/echo/hello`);
  return { name: "forwarded", pids: pair.map(({ server }) => server.pid), url };
}

/** One process without a master, so that its id is the one that does all the work. */
async function nginxCommand(folder: string, port: number) {
  const file = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `  ${name}_temp_path ${join(folder, "nginx")};`
  );
  const text = `daemon off;
master_process off;
pid ${join(folder, "nginx.pid")};
error_log stderr;
events { worker_connections 1024; }
http {
${temporary.join("\n")}
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port};
    location / { return 200 '{"text":"hello","version":"1"}'; }
  }
}
`;
  await Deno.writeTextFile(file, text);
  return { command: "nginx", args: ["-c", file, "-p", folder, "-e", "stderr"] };
}
