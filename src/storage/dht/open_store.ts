/**
 * Opens the place where a node keeps its entries of the DHT.
 *
 * @module
 */
import { dirname, join } from "node:path";
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
 * @throws {AetherError} FILE_UNREADABLE when the data directory cannot be used, STORAGE_FAILED
 */
export function openEntryStore(config: Config, random: Random, log: Logger): EntryStore {
  const name = random.bytes(12).toHex();
  const { dataDir } = config.node;
  const { maxBytes, memoryBytes } = config.storage;
  if (dataDir === undefined) return new MemoryStore({ name, bytesMax: memoryBytes });
  const path = join(dataDir, storageFolder, databaseName);
  checkWritable(dataDir, path);
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

/** What the system says of a folder is clearer than what the database makes of it. */
function checkWritable(dataDir: string, path: string): void {
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.openSync(path, { write: true, create: true }).close();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AetherError(
      "FILE_UNREADABLE",
      `The data directory "${dataDir}" cannot be used: ${reason}`,
      { hint: "Give a directory that this user may read and write", cause },
    );
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
