/**
 * Main module of the storage thread: runs a {@link StorageNode} and talks to the supervisor.
 *
 * `service.ts` says what a service of the thread is and how one is added.
 *
 * @module
 */
import { toAetherError } from "../base/errors.ts";
import { systemClock } from "../io/clock.ts";
import { createNodeLogger } from "../io/node_log.ts";
import { systemRandom } from "../io/random.ts";
import { openPeerTransport } from "../io/tls/peer_transport.ts";
import type { Config } from "../protocol/config/config.ts";
import { storageBodyBytesMax, storageFrameBytesMax } from "../protocol/storage/frame.ts";
import type { FromStorage, ToStorage } from "../protocol/thread/storage.ts";
import { StorageNode } from "./storage_node.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

function post(message: FromStorage): void {
  scope.postMessage(message);
}

/** Changes with the configuration. */
const logConfig: { -readonly [Name in keyof Config["log"]]: Config["log"][Name] } = {
  level: "info",
  format: "text",
};
const log = createNodeLogger(logConfig, "storage");
let node: StorageNode | undefined;
/** Lines wait until the services answer. */
let waiting: Extract<ToStorage, { type: "line" }>[] = [];

scope.onmessage = ({ data: message }: MessageEvent<ToStorage>) => {
  switch (message.type) {
    case "ping":
      post({ type: "pong", sequence: message.sequence });
      break;
    case "start":
      start(message.config).catch((error) => {
        post({ type: "failed", problem: toAetherError(error).toProblem() });
      });
      break;
    case "config":
      node?.configure(message.config);
      Object.assign(logConfig, message.config.log);
      break;
    case "line":
      if (node === undefined) waiting.push(message);
      else node.connect(message.user, message.port);
      break;
    case "stop":
      Promise.resolve(node?.close()).finally(() => post({ type: "stopped" }));
      break;
  }
};

async function start(config: Config): Promise<void> {
  Object.assign(logConfig, config.log);
  const clock = systemClock();
  const { host: hostname, storagePort: port } = config.cluster;
  const transport = await openPeerTransport({ hostname, port }, {
    config,
    clock,
    log,
    limits: { maxFrameBytes: storageFrameBytesMax, maxQueuedBytes: 8 * storageBodyBytesMax },
  });
  const opened = node = await StorageNode.open({
    config,
    transport,
    clock,
    random: systemRandom(),
    log,
  });
  for (const { user, port: line } of waiting) opened.connect(user, line);
  waiting = [];
  post({ type: "listening", storage: await opened.listen() });
}

scope.addEventListener("unhandledrejection", (event) => {
  // One failed task must not take what the other services hold with it.
  event.preventDefault();
  log.error("A task of the storage thread failed", { reason: String(event.reason) });
});
