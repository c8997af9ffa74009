/**
 * {@link InstanceResources}: serves the resources of this node's instances, each over its own port.
 *
 * @module
 */
import { artifactBase } from "../../protocol/coordinates.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import { ResourceServer, type ResourceServerOptions } from "../../resource/resource_server.ts";
import type { Logger } from "../../sdk/logger.ts";

/** What serving needs. */
export interface InstanceResourcesOptions {
  readonly store: ResourceServerOptions["store"];
  /** A log for an instance. */
  logOf(instance: string): Logger;
}

/** Resources by instance. */
export class InstanceResources {
  readonly #options: InstanceResourcesOptions;
  readonly #servers = new Map<string, ResourceServer>();

  constructor(options: InstanceResourcesOptions) {
    this.#options = options;
  }

  /** Serves an instance; answers its end of the port. */
  serve(instance: string, manifest: Manifest): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const { resources } = manifest.definition;
    const server = new ResourceServer({
      port: port1,
      artifactBase: artifactBase(manifest.artifact),
      kvNames: new Set(resources.filter(({ type }) => type === "kv").map(({ name }) => name)),
      store: this.#options.store,
      log: this.#options.logOf(instance),
    });
    this.#servers.set(instance, server);
    return port2;
  }

  /** Ends what `serve` began. */
  end(instance: string): void {
    this.#servers.get(instance)?.close();
    this.#servers.delete(instance);
  }

  /** Ends all. */
  close(): void {
    for (const server of this.#servers.values()) server.close();
  }
}
