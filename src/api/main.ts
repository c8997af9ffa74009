/**
 * Main module of the control thread: opens the node's control and serves the management API on it.
 *
 * @module
 */
import { AetherError, toAetherError } from "../base/errors.ts";
import { listenError } from "../io/listen_error.ts";
import { ThreadLine } from "../io/thread/thread_line.ts";
import { serverTls } from "../io/tls/server_tls.ts";
import { Control } from "../node/control/control.ts";
import type { Config } from "../protocol/config/config.ts";
import type { FromControl, ToControl } from "../protocol/thread/threads.ts";
import { createApi } from "./app.ts";

const shutdownGraceMs = 2_000;
/** How long the thread of a control that died may take to end. */
const takeOverMs = 10_000;
const takeOverRetryMs = 20;

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

function post(message: FromControl, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

const storage = new ThreadLine("storage");
let control: Control | undefined;
let server: Deno.HttpServer<Deno.NetAddr> | undefined;

scope.onmessage = (event: MessageEvent<ToControl>) => {
  const message = event.data;
  switch (message.type) {
    case "ping":
      post({ type: "pong", sequence: message.sequence });
      break;
    case "start":
      start(message).catch(fail);
      break;
    case "gateway":
      control?.connectGateway(message.gateway);
      break;
    case "resources":
      connectResources(message.resources);
      break;
    case "storage":
      connectStorage(message.storage);
      break;
    case "instanceReady":
      control?.onInstanceReady(message.instance);
      break;
    case "instanceEnded":
      control?.onInstanceEnded(message);
      break;
    case "instanceRetiring":
      control?.onInstanceRetiring(message.instance, message.cause);
      break;
    case "instanceUsage":
      control?.onInstanceUsage(message.usages);
      break;
    case "leave":
      leave().catch(fail);
      break;
    case "quiesce":
      control?.stop().catch(fail);
      break;
    case "stop":
      stop().catch(fail);
      break;
  }
};

/** Before control is open it waits for it. */
let waiting: MessagePort | undefined;

/** What the storage thread tells at once needs a listener. */
let waitingStorage: MessagePort | undefined;

function connectStorage(port: MessagePort): void {
  if (control === undefined) waitingStorage = port;
  else storage.connect(port);
}

function connectResources(port: MessagePort): void {
  if (control === undefined) waiting = port;
  else control.resources.connect(port);
}

function fail(error: unknown): void {
  post({ type: "failed", problem: toAetherError(error).toProblem() });
}

async function start(message: Extract<ToControl, { type: "start" }>): Promise<void> {
  const { config, origin, inherited, gateway } = message;
  const { appAddress, gatewayAddress, storageAddress } = message;
  const opened = await takeOver(
    inherited !== undefined,
    () => Control.open({ config, origin, inherited, storage, post }),
  );
  control = opened;
  opened.connectGateway(gateway);
  if (waitingStorage !== undefined) storage.connect(waitingStorage);
  if (waiting !== undefined) opened.resources.connect(waiting);
  server = await takeOver(inherited !== undefined, () => serve(config, opened));
  const management = addressOf(config.management.host, server.addr.port);
  const addresses = opened.start({
    management,
    app: appAddress,
    gateway: gatewayAddress,
    storage: storageAddress,
  });
  post({ type: "listening", addresses });
}

/**
 * Opens something that a control which died may still hold: its lock and its ports are free only
 * when its thread has ended, so that two never act at the same time.
 */
async function takeOver<Opened>(
  isTakeover: boolean,
  open: () => Opened | Promise<Opened>,
): Promise<Opened> {
  const endMs = performance.now() + takeOverMs;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      const isHeld = error instanceof AetherError &&
        (error.name === "STORAGE_LOCKED" || error.name === "PORT_TAKEN");
      if (!isTakeover || !isHeld || performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, takeOverRetryMs));
    }
  }
}

function serve(config: Config, opened: Control): Deno.HttpServer<Deno.NetAddr> {
  const { management } = config;
  const api = createApi(opened);
  try {
    return Deno.serve({
      hostname: management.host,
      port: management.port,
      onListen: () => {},
      ...serverTls("management", management.tls),
    }, (request) => api.fetch(request));
  } catch (error) {
    if (error instanceof AetherError) throw error;
    throw listenError(error, "management", management);
  }
}

function addressOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

async function leave(): Promise<void> {
  await control?.leave();
  post({ type: "left" });
}

async function stop(): Promise<void> {
  await control?.stop();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, shutdownGraceMs);
  });
  await Promise.race([server?.shutdown(), timeout]);
  clearTimeout(timer);
  await control?.close();
  post({ type: "stopped" });
}

scope.addEventListener("unhandledrejection", (event) => {
  // One failed request must not end the thread that holds the store.
  event.preventDefault();
  control?.log.error("A task of the control thread failed", { reason: String(event.reason) });
});
