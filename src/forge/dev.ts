/**
 * `aether dev`: one real node on this machine, with slices that are deployed again on every change.
 *
 * The node is a child process; what is deployed on it is the business of {@link DevSession}.
 * Everything that is started here ends here.
 *
 * @module
 */
import { relative, resolve, sep } from "node:path";
import { AetherError } from "../base/errors.ts";
import { ChangeWatcher, isRelevant } from "./change_watcher.ts";
import { DevBuilder } from "./dev_build.ts";
import { DevSession, type SessionOptions } from "./dev_session.ts";
import { examplesFolder, packagedExamples } from "./examples.ts";
import { NodeProcess } from "./node_process.ts";
import { sliceTools } from "./tools.ts";

const endTimeoutMs = 1_000;

/** Options of {@link runDev}. */
export interface DevOptions extends SessionOptions {
  /** Folder of a slice or of slices. @default {the example app} */
  readonly folder?: string | undefined;
  /** Port of the app; management is 10 above, the cluster 20; 0 picks free ports. */
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
  let node: NodeProcess | undefined;
  try {
    node = await startNode(options, signal);
    const session = new DevSession({ ...options, signal }, node.addresses, folder);
    const ended = node.ended.then(async (error) => {
      if (error !== undefined) throw error;
      if (!signal.aborted) await options.say("The node was stopped");
    });
    await Promise.race([session.run(first, build, watcher), ended]);
  } catch (error) {
    if (options.signal.aborted) return;
    // A lost connection is seen before the end of the process that explains it.
    throw node === undefined ? error : await reasonOfEnd(node) ?? error;
  } finally {
    stop.abort();
    await node?.stop();
    await first.catch(() => {});
  }
}

async function startNode(options: DevOptions, signal: AbortSignal): Promise<NodeProcess> {
  const { portBase, dataDir, logLevel, env } = options;
  const port = (offset: number) => portBase === 0 ? 0 : portBase + offset;
  const starting = NodeProcess.start({
    id: "dev-1",
    ports: { app: port(0), management: port(10), cluster: port(20) },
    dataDir,
    logLevel,
    env,
    onLog: (line) => void options.warn(line),
  }, signal);
  try {
    return await starting;
  } catch (error) {
    if (!(error instanceof AetherError) || error.name !== "PORT_TAKEN") throw error;
    throw new AetherError("PORT_TAKEN", error.message, {
      hint: "Stop that program, or choose other ports with --port-base (0 picks free ones)",
    });
  }
}

function reasonOfEnd(node: NodeProcess): Promise<AetherError | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), endTimeoutMs);
  return Promise.race([node.ended, promise]).finally(() => clearTimeout(timer));
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
