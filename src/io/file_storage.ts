/**
 * Files on the machine's disk: the real {@link Storage}.
 *
 * One process at a time owns a directory, by a lock on a file in it that the kernel releases
 * however the process ends. Appends go straight to the system, which takes microseconds;
 * syncs are awaited, because they take a disk's time. Making, renaming and removing files syncs the
 * directory. The twin for tests is `MemoryStorage` in `src/base/storage.ts`.
 *
 * @module
 */
import { join } from "node:path";
import { assert, InvariantError } from "../base/assert.ts";
import { AetherError } from "../base/errors.ts";
import {
  type AppendFile,
  type ByteRange,
  isStorageName,
  type OpenAppendOptions,
  type Storage,
} from "../base/storage.ts";

/** Upper case, so that it can never be a file of the storage. */
const LOCK_NAME = "LOCK";
const TEMPORARY_SUFFIX = ".tmp";
/** Only this user reads the data. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/** A directory of files, owned until closed. */
export class FileStorage implements Storage {
  readonly location: string;
  readonly #lock: Deno.FsFile;
  readonly #directory: Deno.FsFile;

  private constructor(location: string, lock: Deno.FsFile, directory: Deno.FsFile) {
    this.location = location;
    this.#lock = lock;
    this.#directory = directory;
  }

  /**
   * Takes ownership of a directory, which is made when missing, and removes half-written files.
   *
   * @throws {AetherError} STORAGE_LOCKED when another process owns it, FILE_UNREADABLE when this
   *   user cannot use it.
   *
   * @example
   * ```ts
   * import { FileStorage } from "./file_storage.ts";
   * const storage = await FileStorage.open(await Deno.makeTempDir());
   * await storage.writeAtomic("a.bin", [Uint8Array.of(1)]);
   * console.assert((await storage.list()).join() === "a.bin");
   * await storage.close();
   * ```
   */
  static async open(directory: string): Promise<FileStorage> {
    const open: Deno.FsFile[] = [];
    try {
      await makeDirectory(directory);
      const lock = await openFile(join(directory, LOCK_NAME));
      open.push(lock);
      await takeLock(lock, directory);
      const handle = await Deno.open(directory);
      open.push(handle);
      await removeTemporaries(directory);
      return new FileStorage(directory, lock, handle);
    } catch (thrown) {
      for (const file of open) file.close();
      if (thrown instanceof AetherError) throw thrown;
      throw new AetherError(
        "FILE_UNREADABLE",
        `Data directory "${directory}" cannot be used: ${messageOf(thrown)}`,
        { hint: "Give a directory that this user may read and write", cause: thrown },
      );
    }
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const entry of Deno.readDir(this.location)) {
        if (entry.isFile && isStorageName(entry.name)) names.push(entry.name);
      }
    } catch (thrown) {
      throw failure(this.location, "Listing", thrown);
    }
    return names.sort();
  }

  async read(name: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#path(name);
    try {
      if (range === undefined) return await Deno.readFile(path);
      using file = await Deno.open(path);
      return await readRange(file, range);
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return undefined;
      throw failure(path, "Reading", thrown);
    }
  }

  async openAppend(name: string, options: OpenAppendOptions = {}): Promise<AppendFile> {
    const path = this.#path(name);
    try {
      const file = await Deno.open(path, { write: true, create: true, mode: FILE_MODE });
      const sizeBytes = await file.seek(0, Deno.SeekMode.End);
      if (sizeBytes === 0) await this.#directory.sync();
      return new OpenFile({ name, path, file, sizeBytes, ...options });
    } catch (thrown) {
      throw failure(path, "Opening", thrown);
    }
  }

  async writeAtomic(name: string, parts: readonly Uint8Array[]): Promise<void> {
    const path = this.#path(name);
    const temporary = path + TEMPORARY_SUFFIX;
    try {
      using file = await openFile(temporary);
      await file.truncate(0);
      for (const part of parts) await writeAll(file, part);
      await file.sync();
      await Deno.rename(temporary, path);
      await this.#directory.sync();
    } catch (thrown) {
      // On a full disk the half-written file would keep the space that others need.
      await Deno.remove(temporary).catch(() => {});
      throw failure(path, "Writing", thrown);
    }
  }

  async truncate(name: string, sizeBytes: number): Promise<void> {
    const path = this.#path(name);
    try {
      using file = await Deno.open(path, { write: true });
      const { size } = await file.stat();
      assert(sizeBytes >= 0 && sizeBytes <= size, `${name} cannot grow to ${sizeBytes}`);
      await file.truncate(sizeBytes);
      await file.sync();
    } catch (thrown) {
      throw failure(path, "Truncating", thrown);
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    try {
      await Deno.remove(path);
      await this.#directory.sync();
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw failure(path, "Removing", thrown);
    }
  }

  async close(): Promise<void> {
    this.#directory.close();
    await this.#lock.unlock();
    this.#lock.close();
  }

  #path(name: string): string {
    assert(isStorageName(name), `"${name}" is not a file name`);
    return join(this.location, name);
  }
}

interface OpenFileOptions extends OpenAppendOptions {
  readonly name: string;
  readonly path: string;
  /** Positioned at its end. */
  readonly file: Deno.FsFile;
  readonly sizeBytes: number;
}

class OpenFile implements AppendFile {
  readonly name: string;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** The file's position is always here. */
  #sizeBytes: number;
  /** The end of the zeros that follow. */
  #allocatedBytes: number;
  #reserveBytes: number;

  constructor(options: OpenFileOptions) {
    this.name = options.name;
    this.#path = options.path;
    this.#file = options.file;
    this.#sizeBytes = options.sizeBytes;
    this.#allocatedBytes = options.sizeBytes;
    this.#reserveBytes = options.reserveBytes ?? 0;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length;) {
        const count = this.#file.writeSync(bytes.subarray(written));
        written += count;
        this.#sizeBytes += count;
      }
      if (this.#reserveBytes > 0 && this.#sizeBytes > this.#allocatedBytes) this.#reserve();
    } catch (thrown) {
      throw failure(this.#path, "Writing", thrown);
    }
  }

  #reserve(): void {
    this.#allocatedBytes = Math.ceil(this.#sizeBytes / this.#reserveBytes) * this.#reserveBytes;
    const zeros = new Uint8Array(this.#allocatedBytes - this.#sizeBytes);
    try {
      for (let written = 0; written < zeros.length;) {
        written += this.#file.writeSync(zeros.subarray(written));
      }
    } catch {
      // The bytes of the caller are written: a full disk is no failure before they do not fit.
      this.#reserveBytes = 0;
    }
    this.#file.seekSync(this.#sizeBytes, Deno.SeekMode.Start);
  }

  async sync(): Promise<void> {
    try {
      await this.#file.syncData();
    } catch (thrown) {
      throw failure(this.#path, "Syncing", thrown);
    }
  }

  close(): void {
    this.#file.close();
  }
}

async function makeDirectory(directory: string): Promise<void> {
  const missing: string[] = [];
  for (let path = directory; !await exists(path); path = join(path, "..")) missing.push(path);
  await Deno.mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  // A new directory is durable once its parent is.
  for (const path of missing) {
    using parent = await Deno.open(join(path, ".."));
    await parent.sync();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

function openFile(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { read: true, write: true, create: true, mode: FILE_MODE });
}

/** Locks the file and writes this process's id into it, for the message others see. */
async function takeLock(lock: Deno.FsFile, directory: string): Promise<void> {
  if (!await lock.tryLock(true)) {
    const owner = new TextDecoder().decode(await readRange(lock, { offset: 0, lengthBytes: 16 }));
    const process = /^\d+$/.test(owner) ? `process ${owner}` : "another process";
    throw new AetherError(
      "STORAGE_LOCKED",
      `Data directory "${directory}" is in use by ${process}`,
    );
  }
  await lock.truncate(0);
  await writeAll(lock, new TextEncoder().encode(String(Deno.pid)));
}

async function removeTemporaries(directory: string): Promise<void> {
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isFile && entry.name.endsWith(TEMPORARY_SUFFIX)) {
      await Deno.remove(join(directory, entry.name));
    }
  }
}

async function readRange(file: Deno.FsFile, range: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await file.stat();
  const length = Math.max(0, Math.min(range.lengthBytes, size - range.offset));
  const bytes = new Uint8Array(length);
  await file.seek(range.offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}

function failure(path: string, action: string, thrown: unknown): AetherError {
  if (thrown instanceof InvariantError) throw thrown; // a bug stays a bug
  return new AetherError("STORAGE_FAILED", `${action} "${path}" failed: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
