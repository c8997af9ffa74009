/**
 * {@link LocalProvider}: nodes as further processes on the machine of the node that starts them.
 *
 * They are configured as that node is, at free ports and in a folder of their own, and outlive it.
 * It is for development and tests, and for whoever runs several nodes on one machine.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { AetherError } from "../../base/errors.ts";
import { selfCommand } from "../../io/entry.ts";
import type { Config } from "../../protocol/config/config.ts";
import { configKeys } from "../../protocol/config/keys.ts";
import { configTree } from "../../protocol/config/overlay.ts";
import { isTree, setAt, type Tree } from "../../protocol/config/paths.ts";
import { formatToml } from "../../protocol/toml.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { NodeOrder, NodeProvider } from "./node_provider.ts";

const stopTimeoutMs = 15_000;
/** The shell gives the log a file, which outlives whoever started the node. */
const shell = ["-c", 'exec "$@" >>"$0" 2>&1'] as const;

/** Starts processes. */
export class LocalProvider implements NodeProvider {
  readonly #config: () => Config;
  readonly #log: Logger;
  readonly #children = new Map<string, Deno.ChildProcess>();

  /** @param config of the node that starts others, as it is now */
  constructor(config: () => Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  place(_node: string): Promise<string> {
    const { host } = this.#config().cluster;
    return Promise.resolve(`${host}:${freePort(host)}`);
  }

  async start({ node, address, token, peers }: NodeOrder): Promise<void> {
    const config = this.#config();
    const { dataDir } = config.node;
    const folder = dataDir === undefined
      ? await Deno.makeTempDir({ prefix: `aether-${node}-` })
      : join(dirname(dataDir), node);
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, "node.toml");
    const tree = childTree(config, { node, address, peers, dataDir: dataDir && folder });
    // Keys of its parent are in it.
    await Deno.writeTextFile(file, formatToml(tree), { mode: 0o600 });
    const self = selfCommand();
    const near = peers[0]?.replace(/^[^:]+:/, "");
    const log = join(folder, "node.log");
    const words = ["node", "start", "-o", "json", "--config", file, "--own-log", log];
    if (token !== undefined && near !== undefined) words.push("--join", near);
    const env = token === undefined ? {} : { AETHER_JOIN_TOKEN: token };
    const child = new Deno.Command("sh", {
      args: [...shell, log, self.command, ...self.args, ...words],
      env: { ...inherited(Deno.env.toObject()), ...env },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    child.unref();
    this.#children.set(node, child);
    void child.status.then(({ code }) => {
      if (this.#children.get(node) !== child) return;
      this.#children.delete(node);
      this.#log.info("A node that was started here has ended", { node, code, folder });
    });
  }

  async stop(node: string): Promise<void> {
    const child = this.#children.get(node);
    if (child === undefined) return;
    const timer = setTimeout(() => kill(child, "SIGKILL"), stopTimeoutMs);
    kill(child, "SIGTERM");
    await child.status;
    clearTimeout(timer);
  }
}

/** The configuration of a node that is started beside another one. */
export function childTree(
  config: Config,
  { node, address, peers, dataDir }: {
    readonly node: string;
    readonly address: string;
    readonly peers: readonly string[];
    readonly dataDir: string | undefined;
  },
): Tree {
  const tree = configTree(config);
  setAt(tree, ["node"], dataDir === undefined ? { id: node } : { id: node, dataDir });
  setAt(tree, ["cluster", "peers"], [...peers]);
  const listening = configKeys.filter(({ path }) => /(^|\.)(port|\w+Port)$/.test(path));
  for (const { path } of listening) setAt(tree, path.split("."), 0);
  setAt(tree, ["cluster", "port"], Number(address.slice(address.lastIndexOf(":") + 1)));
  if (isTree(tree.tls)) {
    // It gets a certificate of its own, and without the authority's key it can start no others.
    delete tree.tls;
    setAt(tree, ["cluster", "provider"], "none");
  }
  return tree;
}

/** What configured the parent is in the file. */
function inherited(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept = new Set(["AETHER_CACHE", "AETHER_EXE"]);
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => kept.has(name) || !name.startsWith("AETHER_")),
  );
}

function freePort(hostname: string): number {
  try {
    const listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr;
    listener.close();
    return port;
  } catch (cause) {
    const text = `No port of ${hostname} can be used for another node`;
    throw new AetherError("PORT_TAKEN", text, { cause });
  }
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
