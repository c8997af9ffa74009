/**
 * `aether dev`: a cluster of real nodes on this machine, with slices that are deployed again on
 * every change.
 *
 * The nodes are child processes; what is deployed on them is the business of {@link DevSession}.
 * Everything that is started here ends here.
 *
 * @module
 */
import { join, relative, resolve, sep } from "node:path";
import { assert } from "../base/assert.ts";
import { AetherError } from "../base/errors.ts";
import { ChangeWatcher, isRelevant } from "./change_watcher.ts";
import { DevBuilder } from "./dev_build.ts";
import { DevSession, type SessionOptions } from "./dev_session.ts";
import { examplesFolder, packagedExamples } from "./examples.ts";
import { type NodePorts, NodeProcess } from "./node_process.ts";
import { sliceTools } from "./tools.ts";

const endTimeoutMs = 1_000;

/** Options of {@link runDev}. */
export interface DevOptions extends SessionOptions {
  /** Folder of a slice or of slices. @default {the example app} */
  readonly folder?: string | undefined;
  /** Nodes of the cluster, 1 to 9. */
  readonly nodes: number;
  /** First port of the app; management is 10 above, the cluster 20; 0 picks free ports. */
  readonly portBase: number;
  /** Where the node keeps its data. @default {memory} */
  readonly dataDir?: string | undefined;
  readonly logLevel: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs until the signal fires; then everything is stopped.
 *
 * @throws {AetherError} what keeps the node from starting or the folder from being watched;
 * NODE_ENDED when the node ends by itself
 */
export async function runDev(options: DevOptions): Promise<void> {
  const folder = options.folder ?? examplesFolder();
  if (folder !== undefined) refuseDataInside(folder, options.dataDir);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const builder = new DevBuilder(sliceTools());
  const build = () => folder === undefined ? packagedExamples() : builder.build(folder);
  const watcher = folder === undefined ? undefined : new ChangeWatcher(folder);
  signal.addEventListener("abort", () => watcher?.close());
  // Building takes as long as starting a node, so both run at once.
  const first = build();
  first.catch(() => {});
  const nodes: NodeProcess[] = [];
  try {
    nodes.push(...await startNodes(options, signal));
    const [one, ...others] = nodes.map(({ addresses }) => addresses);
    assert(one !== undefined, "At least one node is started");
    const session = new DevSession({ ...options, signal }, [one, ...others], folder);
    const ended = nodes.map((node) =>
      node.ended.then(async (error) => {
        if (error !== undefined) throw error;
        if (!signal.aborted) await options.say(`Node ${node.addresses.id} was stopped`);
      })
    );
    await Promise.race([session.run(first, build, watcher), ...ended]);
  } catch (error) {
    if (options.signal.aborted) return;
    // A lost connection is seen before the end of the process that explains it.
    throw nodes.length === 0 ? error : await reasonOfEnd(nodes) ?? error;
  } finally {
    stop.abort();
    await Promise.all(nodes.map((node) => node.stop()));
    await first.catch(() => {});
  }
}

/** Starts all nodes at once: they need each other to form the cluster. */
async function startNodes(options: DevOptions, signal: AbortSignal): Promise<NodeProcess[]> {
  const { nodes, portBase, dataDir, logLevel, env } = options;
  const ids = Array.from({ length: nodes }, (_, index) => `dev-${index + 1}`);
  const ports = portBase === 0 ? freePorts(nodes) : ids.map((_, index) => portsAt(portBase, index));
  const peers = nodes === 1
    ? []
    : ids.map((id, index) => `${id}:127.0.0.1:${ports[index]?.cluster}`);
  const stop = new AbortController();
  const started = await Promise.allSettled(ids.map(async (id, index) => {
    const own = ports[index];
    assert(own !== undefined, "Every node has ports");
    const dir = dataDir === undefined || nodes === 1 ? dataDir : join(dataDir, id);
    const onLog = (line: string) => void options.warn(nodes === 1 ? line : `${id}: ${line}`);
    const either = AbortSignal.any([signal, stop.signal]);
    try {
      const start = { id, ports: own, peers, dataDir: dir, logLevel, env, onLog };
      return await NodeProcess.start(start, either);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  }));
  const running = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  if (running.length === nodes) return running;
  await Promise.all(running.map((node) => node.stop()));
  const { reason } = stop.signal;
  if (!(reason instanceof AetherError) || reason.name !== "PORT_TAKEN") throw reason;
  throw new AetherError("PORT_TAKEN", reason.message, {
    hint: "Stop that program, or choose other ports with --port-base (0 picks free ones)",
  });
}

function portsAt(base: number, index: number): NodePorts {
  return {
    app: base + index,
    management: base + 10 + index,
    cluster: base + 20 + 2 * index,
    gateway: base + 21 + 2 * index,
    storage: base + 40 + index,
  };
}

/** Ports that are free now; nodes must know each other's before they start. */
function freePorts(nodes: number): NodePorts[] {
  const listeners = Array.from(
    { length: nodes * 5 },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return Array.from({ length: nodes }, (_, index) => {
    const [app = 0, management = 0, cluster = 0, gateway = 0, storage = 0] = ports.slice(index * 5);
    return { app, management, cluster, gateway, storage };
  });
}

function reasonOfEnd(nodes: readonly NodeProcess[]): Promise<AetherError | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), endTimeoutMs);
  const ends = nodes.map(({ ended }) => ended);
  return Promise.race([...ends, promise]).finally(() => clearTimeout(timer));
}

/** Data that the node writes among the sources would count as changes of them. */
function refuseDataInside(folder: string, dataDir: string | undefined): void {
  if (dataDir === undefined) return;
  const [root, data] = [resolve(folder), resolve(dataDir)];
  const isInside = data === root || data.startsWith(root + sep);
  if (!isInside || data !== root && !isRelevant(root, data)) return;
  const text = `The data directory ${dataDir} is among the sources in ${folder}`;
  throw new AetherError("USAGE", text, {
    hint: `Give --data-dir another folder, or a hidden one such as ${relative(".", root)}/.data`,
  });
}
