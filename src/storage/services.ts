/**
 * The services of the storage thread, in the order of their start; see `service.ts`.
 *
 * @module
 */
import { ArtifactService } from "./artifacts/service.ts";
import { CacheService } from "./cache/service.ts";
import { DhtService } from "./dht/service.ts";
import type { OpenStorageService, StorageService } from "./service.ts";
import { openTopics } from "./topics/service.ts";

/** The DHT, and what is kept in it. */
async function openEntries(host: Parameters<OpenStorageService>[0]): Promise<StorageService> {
  const dht = new DhtService(host);
  const artifacts = await ArtifactService.open(host, dht);
  const caches = new CacheService(host, dht);
  return {
    onTopology: (topology) => dht.onTopology(topology),
    async close() {
      await caches.close();
      await artifacts.close();
      await dht.close();
    },
  };
}

/** All of them. */
export const storageServices: readonly OpenStorageService[] = [openEntries, openTopics];
