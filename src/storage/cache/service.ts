/**
 * Caches of slices in the storage thread: the resources thread asks, the DHT holds the values.
 *
 * What is over is never answered. Each node sweeps what it holds: what is over goes, and of a cache
 * that has more than it may, the oldest values.
 *
 * @module
 */
import type { Timer } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import {
  type CacheHeld,
  type CacheTopics,
  decodeCached,
  encodeCached,
  isOver,
} from "../../protocol/storage/cache.ts";
import type { ArtifactDht } from "../artifacts/artifact_dht.ts";
import type { StorageHost, StorageService } from "../service.ts";
import { CacheSweeper } from "./sweeper.ts";

/** A value that is not there in this time is computed faster. */
const operationTimeoutMs = 2_000;
const sweepPauseMs = 5_000;

/** Serves caches until it is closed. */
export class CacheService implements StorageService {
  readonly #host: StorageHost;
  readonly #dht: Pick<ArtifactDht, "dht" | "owners">;
  readonly #sweeper: CacheSweeper;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(host: StorageHost, dht: Pick<ArtifactDht, "dht" | "owners" | "store">) {
    this.#host = host;
    this.#dht = dht;
    this.#sweeper = new CacheSweeper(dht.store);
    const serve = <Topic extends keyof CacheTopics>(
      topic: Topic,
      handler: (ask: CacheTopics[Topic]["ask"]) => Promise<CacheTopics[Topic]["answer"]>,
    ) => host.lines.resources.handle(topic, handler);
    serve("cache.get", ({ key }) => this.#get(key));
    serve("cache.put", async ({ key, ...cached }) => {
      this.#requireOwner(key);
      const options = { timeoutMs: operationTimeoutMs, copies: "quorum" } as const;
      await this.#dht.dht.put("cache", key, encodeCached(cached), options);
    });
    serve("cache.delete", async ({ key }) => {
      this.#requireOwner(key);
      await this.#dht.dht.remove("cache", key, operationTimeoutMs);
    });
    // deno-lint-ignore require-await -- as its siblings
    serve("cache.held", async ({ prefix }): Promise<CacheHeld> => this.#sweeper.held(prefix));
    this.#schedule();
  }

  // deno-lint-ignore require-await -- closing is async for services whose files are
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #get(key: string): Promise<Uint8Array | undefined> {
    this.#requireOwner(key);
    const found = await this.#dht.dht.read("cache", key, operationTimeoutMs);
    if (found === undefined) return undefined;
    const cached = decodeCached(found.value);
    return isOver(found.version, cached, this.#host.clock.wallMs()) ? undefined : cached.value;
  }

  /** Whom nobody can reach need not be waited for. */
  #requireOwner(key: string): void {
    const [owner] = this.#dht.owners("cache", key);
    const member = this.#host.topology().members.find(({ id }) => id === owner);
    if (member?.isAlive !== false) return;
    throw new AetherError("UNREACHABLE", `Node ${owner}, which holds "${key}", is down`);
  }

  #schedule(): void {
    const { clock, log } = this.#host;
    this.#timer = clock.setTimer(sweepPauseMs, async () => {
      try {
        await this.#sweeper.sweep(clock.wallMs(), () => this.#isClosed);
      } catch (error) {
        log.warn("Cached values could not be swept", { reason: String(error) });
      }
      if (!this.#isClosed) this.#schedule();
    });
  }
}
