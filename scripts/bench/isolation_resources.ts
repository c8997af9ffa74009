/**
 * A resource that comes and goes with each instance of the soak: a pool of an `http` section, used
 * once and closed again.
 *
 * @module
 */
import { createLogger } from "../../src/sdk/logger.ts";
import { resourceFactories } from "../../src/resource/factories.ts";
import { Network, networkExtension } from "../../src/resource/http/network.ts";
import { ResourceRegistry } from "../../src/resource/registry.ts";

/** A registry with one section, and the service behind it. */
export class ResourceBed implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #registry: ResourceRegistry;
  #changed = () => {};

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, () => new Response("ok"));
    const { port } = this.#server.addr;
    this.#registry = new ResourceRegistry({
      factories: resourceFactories,
      sections: { service: { type: "http", baseUrl: `http://127.0.0.1:${port}` } },
      log: createLogger(() => {}),
      onChange: () => this.#changed(),
    });
    const ceiling = [`127.0.0.1:${port}`];
    this.#registry.registerExtension(
      networkExtension,
      new Network({ ceiling, peers: [], machine: [] }),
    );
  }

  /** Opens the pool for an instance, and sends one request over it. */
  async use(instance: string): Promise<void> {
    const calls = this.#registry.provision({
      instance,
      artifact: "org.example:echo:1.0.0",
      artifactBase: "org.example:echo",
      needs: [{ name: "service", type: "http", section: "service" }],
      hosts: [],
    }, () => {});
    await calls.get("service")?.({ op: "request", method: "GET", path: "/" });
  }

  /** Releases it, and resolves when the pool is closed. */
  async release(instance: string): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#changed = () => {
        if (this.#registry.views().length === 0) resolve();
      };
    });
    this.#registry.releaseAll(instance);
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
