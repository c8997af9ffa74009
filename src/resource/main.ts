/**
 * Main module of the resources thread: owns what slices use and must not hold themselves.
 *
 * Credentials and connections live here; instances have a port to it, and get answers.
 *
 * @module
 */
import { createNodeLogger } from "../io/node_log.ts";
import { ThreadLine } from "../io/thread/thread_line.ts";
import type { Config } from "../protocol/config/config.ts";
import type { FromResources, ToResources } from "../protocol/thread/resources.ts";
import { resourceFactories } from "./factories.ts";
import { Network, networkExtension } from "./http/network.ts";
import { InstanceServer } from "./instance_server.ts";
import { ResourceRegistry } from "./registry.ts";
import { RemoteStoreAccess, storeExtension } from "./store_access.ts";
import { storageLine } from "./types/topic.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

function post(message: FromResources): void {
  scope.postMessage(message);
}

/** Changes with the configuration. */
const logConfig: { -readonly [Name in keyof Config["log"]]: Config["log"][Name] } = {
  level: "info",
  format: "text",
};
const log = createNodeLogger(logConfig, "resources");
/** For resources that are kept there. */
const storage = new ThreadLine("storage");
const servers = new Map<string, InstanceServer>();
let registry: ResourceRegistry | undefined;
let network: Network | undefined;
let store: RemoteStoreAccess | undefined;

scope.onmessage = ({ data: message }: MessageEvent<ToResources>) => {
  switch (message.type) {
    case "ping":
      post({ type: "pong", sequence: message.sequence });
      break;
    case "start":
      start(message);
      break;
    case "control":
      store?.connect(message.control);
      if (registry !== undefined) store?.tell(registry.views());
      break;
    case "config":
      Object.assign(logConfig, message.config.log);
      registry?.configure(message.config.resources);
      break;
    case "storage":
      storage.connect(message.storage);
      break;
    case "addresses":
      network?.listen(message.addresses);
      break;
    case "instance":
      serve(message);
      break;
    case "instanceEnded":
      servers.get(message.instance)?.close();
      servers.delete(message.instance);
      registry?.releaseAll(message.instance);
      break;
  }
};

function start({ config, control }: Extract<ToResources, { type: "start" }>): void {
  Object.assign(logConfig, config.log);
  const access = store = new RemoteStoreAccess(control);
  let isTelling = false;
  const created = registry = new ResourceRegistry({
    factories: resourceFactories,
    sections: config.resources,
    log,
    // What changes in one turn is told once.
    onChange: () => {
      if (isTelling) return;
      isTelling = true;
      queueMicrotask(() => {
        isTelling = false;
        access.tell(created.views());
      });
    },
  });
  created.registerExtension(storeExtension, access);
  created.registerExtension(storageLine, storage);
  network = new Network({
    ceiling: config.sandbox.max.net,
    peers: config.cluster.peers.map(({ host }) => host),
    machine: Deno.networkInterfaces().map(({ address }) => address),
  });
  created.registerExtension(networkExtension, network);
  post({ type: "started" });
}

function serve({ consumer, port }: Extract<ToResources, { type: "instance" }>): void {
  if (registry === undefined) return;
  const { instance, artifact } = consumer;
  const calls = registry.provision(
    consumer,
    (resource, event, value) => servers.get(instance)?.notify({ resource, event, value }),
  );
  servers.set(
    instance,
    new InstanceServer({ port, artifact, calls, log: createNodeLogger(logConfig, instance) }),
  );
}

scope.addEventListener("unhandledrejection", (event) => {
  // One user's failure must not take the resources of all others with it.
  event.preventDefault();
  log.error("A task of the resources thread failed", { reason: String(event.reason) });
});
