/**
 * Backups in a folder, which several nodes may share.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../base/errors.ts";
import { isStorageName } from "../../base/storage.ts";
import type { BackupTarget } from "./target.ts";

const temporarySuffix = ".tmp";
const directoryMode = 0o700;
const fileMode = 0o600;

/** A folder of objects; it is made when it is missing. */
export class DirectoryTarget implements BackupTarget {
  readonly location: string;

  constructor(directory: string) {
    this.location = directory;
  }

  async put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const path = join(this.location, name);
    // Its own name for each writer: two nodes may write the same artifact.
    const temporary = `${path}.${crypto.randomUUID()}${temporarySuffix}`;
    try {
      await Deno.mkdir(this.location, { recursive: true, mode: directoryMode });
      {
        using file = await Deno.open(temporary, { write: true, createNew: true, mode: fileMode });
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        await file.sync();
      }
      await Deno.rename(temporary, path);
      using directory = await Deno.open(this.location);
      await directory.sync();
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw failure("written", path, error);
    }
  }

  async get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = join(this.location, name);
    try {
      return await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw failure("read", path, error);
    }
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name, isFile } of Deno.readDir(this.location)) {
        if (isFile && isStorageName(name)) names.push(name);
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw failure("listed", this.location, error);
    }
    return names.sort();
  }

  async remove(name: string): Promise<void> {
    const path = join(this.location, name);
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw failure("removed", path, error);
    }
  }
}

function failure(done: string, path: string, cause: unknown): AetherError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AetherError("BACKUP_FAILED", `"${path}" cannot be ${done}: ${reason}`, { cause });
}
