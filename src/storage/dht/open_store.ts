/**
 * Opens the place where a node keeps its entries of the DHT.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { Logger } from "../../sdk/logger.ts";
import { DiskStore } from "./disk_store.ts";
import type { EntryStore } from "./entry_store.ts";
import { MemoryStore } from "./memory_store.ts";

/** Folder of the storage thread in the data directory. */
export const storageFolder = "storage";
const databaseName = "dht.db";

/**
 * Opens the store that the configuration asks for. A damaged database is set aside and replaced by
 * an empty one, whose new name makes the other nodes fill it.
 *
 * @throws {AetherError} STORAGE_FAILED
 */
export function openEntryStore(config: Config, random: Random, log: Logger): EntryStore {
  const name = random.bytes(12).toHex();
  const { dataDir } = config.node;
  const { maxBytes, memoryBytes } = config.storage;
  if (dataDir === undefined) return new MemoryStore({ name, bytesMax: memoryBytes });
  const folder = join(dataDir, storageFolder);
  Deno.mkdirSync(folder, { recursive: true });
  const path = join(folder, databaseName);
  const open = () => DiskStore.open({ path, name, bytesMax: maxBytes, cacheBytesMax: memoryBytes });
  try {
    return open();
  } catch (error) {
    if (!(error instanceof AetherError) || error.name !== "STORAGE_CORRUPT") throw error;
    const aside = `${path}.damaged-${name}`;
    log.error("The database of the storage is damaged; it is set aside and made anew", {
      reason: error.message,
      aside,
    });
    Deno.renameSync(path, aside);
    for (const suffix of ["-wal", "-shm"]) removeIfThere(path + suffix);
    return open();
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
