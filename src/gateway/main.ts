/**
 * Main module of the gateway thread: owns the application port and talks to the other threads.
 *
 * @module
 */
import { AetherError, toAetherError } from "../base/errors.ts";
import { formatAddress, type Transport } from "../base/transport/transport.ts";
import { systemClock } from "../io/clock.ts";
import { listenError } from "../io/listen_error.ts";
import { createNodeLogger } from "../io/node_log.ts";
import { tcpSockets } from "../io/tcp_sockets.ts";
import { openPeerTransport } from "../io/tls/peer_transport.ts";
import { serverTls } from "../io/tls/server_tls.ts";
import type { Config } from "../protocol/config/config.ts";
import { frameBytesMax } from "../protocol/gateway/frame.ts";
import { RouteFollower } from "../protocol/thread/route_feed.ts";
import type {
  ControlToGateway,
  FromGateway,
  GatewayToControl,
  ToGateway,
} from "../protocol/thread/threads.ts";
import type { Logger } from "../sdk/logger.ts";
import { Gateway } from "./gateway.ts";

const sweepIntervalMs = 100;
/**
 * Connections that wait to be accepted, as far as net.core.somaxconn lets them. One that finds no
 * room is not refused: its client tries again after 1, 3 and 7 seconds.
 */
const tcpBacklog = 4_096;
const figuresIntervalMs = 1_000;

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

function post(message: FromGateway): void {
  scope.postMessage(message);
}

let gateway: Gateway | undefined;
let server: Deno.HttpServer<Deno.NetAddr> | undefined;
let peers: Transport | undefined;
let control: MessagePort | undefined;
const routes = new RouteFollower();
let log: Logger | undefined;
/** Changes with the configuration. */
const logConfig: { -readonly [Name in keyof Config["log"]]: Config["log"][Name] } = {
  level: "info",
  format: "text",
};
/** Reading certificates takes a moment; what comes meanwhile waits. */
const waiting: ToGateway[] = [];
let figuresTimer: ReturnType<typeof setInterval> | undefined;
let sweep: ReturnType<typeof setInterval> | undefined;

scope.onmessage = (event: MessageEvent<ToGateway>) => {
  const message = event.data;
  if (message.type === "ping") post({ type: "pong", sequence: message.sequence });
  else if (message.type === "start") {
    start(message).catch((error) => {
      post({ type: "failed", problem: toAetherError(error).toProblem() });
    });
  } else if (gateway === undefined) waiting.push(message);
  else take(message);
};

function take(message: ToGateway): void {
  switch (message.type) {
    case "control":
      connectControl(message.control);
      break;
    case "instance":
      gateway?.addInstance(message.instance, message.caller, message.port);
      break;
    case "calls":
      gateway?.serveCalls(message.port);
      break;
    case "instanceHealth":
      gateway?.setHealth(message.instance, message.health === "HEALTHY");
      break;
    case "instanceEnded":
      gateway?.removeInstance(message.instance);
      break;
    case "stop":
      stop(message.graceMs);
      break;
  }
}

async function start(message: Extract<ToGateway, { type: "start" }>): Promise<void> {
  const config = { app: message.config.app, calls: message.config.calls };
  Object.assign(logConfig, message.config.log);
  log = createNodeLogger(logConfig, "gateway");
  const { cluster, node } = message.config;
  const address = { hostname: cluster.host, port: cluster.gatewayPort };
  const transport = await openPeerTransport(address, {
    config: message.config,
    clock: systemClock(),
    log,
    limits: { maxFrameBytes: frameBytesMax, maxQueuedBytes: 4 * frameBytesMax },
  });
  peers = transport;
  const created = new Gateway({
    config,
    node: node.id,
    transport,
    log,
    onFlood: (instance, cause) => post({ type: "flooded", instance, cause }),
    onDrained: (instance) => tellControl({ type: "drained", instance }),
  });
  gateway = created;
  connectControl(message.control);
  for (const early of waiting.splice(0)) take(early);
  try {
    server = Deno.serve({
      hostname: config.app.host,
      port: config.app.port,
      tcpBacklog,
      ...serverTls("app", config.app.tls),
      onListen: () => {},
      onError: (error) => {
        const problem = toAetherError(error).toProblem();
        return Response.json(problem, { status: problem.status });
      },
    }, (request, info) => created.handle(request, info));
  } catch (error) {
    if (error instanceof AetherError) throw error;
    throw listenError(error, "app", config.app);
  }
  const sockets = tcpSockets();
  if (sockets === undefined) log.warn("This system does not let slow clients be closed");
  else created.guardConnections(sockets, server.addr.port);
  sweep = setInterval(() => created.expire(), sweepIntervalMs);
  figuresTimer = setInterval(() => {
    tellControl({ type: "figures", ...created.takeFigures() });
  }, figuresIntervalMs);
  const { hostname, port } = server.addr;
  post({
    type: "listening",
    app: formatAddress({ hostname, port }),
    gateway: await listenForPeers(transport, created, cluster),
  });
}

/** A node that has peers takes calls of their gateways; answers the address, "" without peers. */
async function listenForPeers(
  transport: Transport,
  created: Gateway,
  cluster: Config["cluster"],
): Promise<string> {
  if (cluster.peers.length === 0) return "";
  return formatAddress(await transport.listen((link) => created.servePeer(link)));
}

function connectControl(port: MessagePort): void {
  control?.close();
  control = port;
  port.onmessage = (event: MessageEvent<ControlToGateway>) => {
    const message = event.data;
    if (message.type === "drain") {
      gateway?.drain(message.instance);
      return;
    }
    if (message.type === "calls") {
      gateway?.serveCalls(message.port);
      return;
    }
    if (message.type === "config") {
      gateway?.configure({ app: message.app, calls: message.calls });
      Object.assign(logConfig, message.log);
      return;
    }
    const snapshot = message.type === "routes"
      ? routes.take(message.snapshot)
      : routes.follow(message.delta);
    if (snapshot === undefined) {
      tellControl({ type: "resync" });
      return;
    }
    gateway?.applyRoutes(snapshot);
    tellControl({ type: "applied", revision: snapshot.revision });
  };
}

function tellControl(message: GatewayToControl): void {
  control?.postMessage(message);
}

async function stop(graceMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  gateway?.endEndless();
  // shutdown() waits for what is under way, but keep-alive connections may hold it for ever.
  await Promise.race([server?.shutdown(), timeout]);
  clearTimeout(timer);
  clearInterval(sweep);
  clearInterval(figuresTimer);
  control?.close();
  await peers?.close();
  post({ type: "stopped" });
}

scope.addEventListener("unhandledrejection", (event) => {
  // The thread must not die of one request: say it, keep serving.
  event.preventDefault();
  log?.error("A request handler failed", { reason: String(event.reason) });
});
