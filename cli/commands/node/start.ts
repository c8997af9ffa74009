/**
 * The command `aether node start`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import type { FlagValues } from "../../../src/protocol/config/layers.ts";
import { defineCommand } from "../../command.ts";
import type { Context } from "../../context.ts";
import type { CliIo } from "../../io.ts";
import { portText } from "../../values.ts";

/** Runs a node until it is told to stop. */
export const command = defineCommand({
  path: ["node", "start"],
  summary: "Run a node until SIGTERM or Ctrl-C",
  description: "Every option can also stand in aether.toml or in a variable, see `aether config " +
    "show`; options win over variables, variables over the file. Port 0 picks a free one.",
  options: {
    config: { value: "FILE", summary: "Path of an aether.toml (or AETHER_CONFIG)" },
    nodeId: { value: "ID", summary: "Name of this node (or NODE_ID; node-1)" },
    dataDir: { value: "DIR", summary: "Keep everything here; without it in memory (or DATA_DIR)" },
    host: { value: "HOST", summary: "Address for other nodes (127.0.0.1)" },
    port: {
      value: "PORT",
      summary: "Port for other nodes (or CLUSTER_PORT; 8090)",
      parse: portText,
    },
    gatewayPort: {
      value: "PORT",
      summary: "Port for other nodes' gateways (or GATEWAY_PORT; 8091)",
      parse: portText,
    },
    storagePort: {
      value: "PORT",
      summary: "Port for other nodes' storage (or STORAGE_PORT; 8092)",
      parse: portText,
    },
    managementHost: { value: "HOST", summary: "Address of the management API (127.0.0.1)" },
    managementPort: {
      value: "PORT",
      summary: "Port of the management API (or MANAGEMENT_PORT; 8080)",
      parse: portText,
    },
    appHost: { value: "HOST", summary: "Address on which slices answer (127.0.0.1)" },
    appPort: {
      value: "PORT",
      summary: "Port on which slices answer (or APP_PORT; 8070)",
      parse: portText,
    },
    peers: { value: "LIST", summary: "Nodes of the cluster, id:host:port,... (or CLUSTER_PEERS)" },
    join: {
      value: "HOST:PORT",
      summary: "Get a certificate from this node with a token, once; then start as its peer",
    },
    token: { value: "TOKEN", summary: "Join token; better in AETHER_JOIN_TOKEN" },
    logLevel: { value: "LEVEL", summary: "trace, debug, info, warn, error or off (info)" },
    logFormat: { value: "FORM", summary: "text or json (text)" },
    exitWithParent: { summary: "Stop when standard input ends", hidden: true },
    ownLog: {
      value: "FILE",
      summary: "The file that standard error is appended to, which is to stay small",
      hidden: true,
    },
  },
  examples: [
    { line: "aether node start", summary: "One node on this machine, all in memory" },
    { line: "aether node start --data-dir /var/lib/aether", summary: "Survive restarts" },
    { line: "aether node start --config n1.toml --log-level debug", summary: "From a file" },
    {
      line: "aether node start --node-id n4 --data-dir /var/lib/aether --join 192.0.2.11:8090",
      summary: "A new node of a running cluster, with a token in AETHER_JOIN_TOKEN",
    },
  ],
  exitCodes: {
    5: "A port is taken by another program",
    70: "A thread of the node failed",
    77: "The node was removed from its cluster; starting it again is useless",
    75: "The node wants to be started again: too many threads of hung slices have leaked",
  },
  async run({ options, context }) {
    const { loadConfig } = await import("../../../src/io/config/load.ts");
    const { runNode } = await import("../../../src/node/supervisor.ts");
    const { config: file, exitWithParent, ownLog, join, token, ...flags } = options;
    const source = { ...(file === undefined ? {} : { file }), flags };
    if (join !== undefined) await joinAt(join, token, source, context);
    Deno.env.delete("AETHER_JOIN_TOKEN");
    const loaded = await loadConfig({ ...source, env: context.env });
    for (const { path, message } of loaded.warnings) {
      await context.io.err(`warning: ${path}: ${message}\n`);
    }
    const stop = new AbortController();
    if (exitWithParent) void readToEnd(context.io).finally(() => stop.abort());
    const ended = new AbortController();
    if (ownLog !== undefined) await keepSmall(ownLog, ended.signal);
    return await runNode(loaded.config, {
      signal: stop.signal,
      origin: {
        sources: Object.fromEntries(loaded.sources),
        secretPaths: [...loaded.secretPaths],
      },
      onReady: (info) => {
        const scheme = (tls: unknown) => tls === undefined ? "http" : "https";
        const { management, app } = loaded.config;
        const urls = {
          management: `${scheme(management.tls)}://${info.management}`,
          app: `${scheme(app.tls)}://${info.app}`,
        };
        void context.show({ ready: true, ...info, ...urls }, () =>
          `Node ${info.id} is ready\n` +
          context.fields([
            ["  management", urls.management],
            ["  app", urls.app],
            ["  cluster", info.cluster],
          ]));
      },
    }).finally(() => ended.abort());
  },
});

async function keepSmall(file: string, ended: AbortSignal): Promise<void> {
  const { boundLog } = await import("../../../src/node/sizing/bounded_log.ts");
  const { systemClock } = await import("../../../src/io/clock.ts");
  void boundLog(file, systemClock(), ended);
}

/** Gets a certificate, unless the node has one already. */
async function joinAt(
  where: string,
  token: string | undefined,
  source: { readonly file?: string; readonly flags: FlagValues },
  { io, env }: Context,
): Promise<void> {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(where) ?? [];
  if (host === undefined) {
    throw new AetherError("USAGE", `--join ${JSON.stringify(where)} is not HOST:PORT`);
  }
  const { loadConfig } = await import("../../../src/io/config/load.ts");
  const { joinInto } = await import("../../../src/io/tls/join/join_into.ts");
  // Without a certificate it may not start yet; who it is and where it keeps it is clear already.
  const unchecked = { ...env, AETHER_CLUSTER_INSECURE: "true" };
  const { config } = await loadConfig({ ...source, env: unchecked, forget: () => {} });
  const { id: node, dataDir } = config.node;
  if (dataDir === undefined) {
    throw new AetherError("USAGE", "--join needs --data-dir, to keep the certificate in");
  }
  const isNew = await joinInto({
    dataDir,
    node,
    address: { hostname: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) },
    token: token ?? (env.AETHER_JOIN_TOKEN || undefined),
    nowMs: Date.now(),
  });
  const text = isNew
    ? `Node ${node} got a certificate from ${where}`
    : `Node ${node} has a certificate already; --join is ignored`;
  await io.err(`${text}\n`);
}

/** Resolves when the parent closes its end, which the system also does when the parent dies. */
async function readToEnd(io: CliIo): Promise<void> {
  try {
    for await (const chunk of io.stdin) void chunk;
  } catch {
    // A broken pipe is an end as well.
  }
}
