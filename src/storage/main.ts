/**
 * Main module of the storage thread: owns the storage port and the services behind it.
 *
 * `service.ts` says what a service is and how one is added.
 *
 * @module
 */
import { toAetherError } from "../base/errors.ts";
import { formatAddress } from "../base/transport/transport.ts";
import { systemClock } from "../io/clock.ts";
import { GatewayCalls } from "../io/calls/gateway_calls.ts";
import { createNodeLogger } from "../io/node_log.ts";
import { systemRandom } from "../io/random.ts";
import { ThreadLine } from "../io/thread/thread_line.ts";
import { openPeerTransport } from "../io/tls/peer_transport.ts";
import type { Config } from "../protocol/config/config.ts";
import { storageBodyBytesMax, storageFrameBytesMax } from "../protocol/storage/frame.ts";
import {
  type FromStorage,
  type StorageTopology,
  topologyTopic,
  type ToStorage,
} from "../protocol/thread/storage.ts";
import { StoragePeers } from "./peers.ts";
import type { StorageService } from "./service.ts";
import { storageServices } from "./services.ts";

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
const lines = {
  control: new ThreadLine("control"),
  resources: new ThreadLine("resources"),
};
const calls = new GatewayCalls();
const opened: StorageService[] = [];
let peers: StoragePeers | undefined;
let current: Config | undefined;
/** Lines wait until the services answer. */
let waiting: Extract<ToStorage, { type: "line" }>[] | undefined = [];
let topology: StorageTopology = { revision: 0, cluster: "", members: [] };

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
      current = message.config;
      Object.assign(logConfig, message.config.log);
      break;
    case "line":
      if (waiting !== undefined) waiting.push(message);
      else connect(message);
      break;
    case "stop":
      stop().finally(() => post({ type: "stopped" }));
      break;
  }
};

async function start(config: Config): Promise<void> {
  current = config;
  Object.assign(logConfig, config.log);
  const { cluster, node } = config;
  const clock = systemClock();
  const address = { hostname: cluster.host, port: cluster.storagePort };
  const transport = await openPeerTransport(address, {
    config,
    clock,
    log,
    limits: { maxFrameBytes: storageFrameBytesMax, maxQueuedBytes: 4 * storageBodyBytesMax },
  });
  const links = peers = new StoragePeers({ node: node.id, transport, clock, log });
  const host = {
    node: node.id,
    config: () => current ?? config,
    clock,
    random: systemRandom(),
    log,
    peers: links,
    lines,
    calls,
    topology: () => topology,
  };
  for (const open of storageServices) opened.push(await open(host));
  lines.control.handle(topologyTopic, (told: StorageTopology) => {
    topology = told;
    links.follow(told);
    for (const service of opened) service.onTopology?.(told);
  });
  for (const line of waiting ?? []) connect(line);
  waiting = undefined;
  // A node that has peers takes their links.
  const storage = cluster.peers.length === 0
    ? ""
    : formatAddress(await transport.listen(links.accept));
  post({ type: "listening", storage });
}

function connect({ user, port }: Extract<ToStorage, { type: "line" }>): void {
  if (user === "gateway") calls.connect(port);
  else lines[user].connect(port);
}

async function stop(): Promise<void> {
  for (const service of opened.splice(0).reverse()) await service.close();
  await peers?.close();
  calls.close();
  for (const line of Object.values(lines)) line.close();
}

scope.addEventListener("unhandledrejection", (event) => {
  // One failed task must not take what the other services hold with it.
  event.preventDefault();
  log.error("A task of the storage thread failed", { reason: String(event.reason) });
});
