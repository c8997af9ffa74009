/**
 * Whole files that this node has used: checked again whenever they are read, the least recently
 * used ones going first.
 *
 * With a folder they are there after a restart; without one they are in memory. However many ask
 * for a file at once, it is fetched once.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../base/errors.ts";
import { checksumsOf } from "../../artifact/checksums.ts";

/** Options of {@link FileCache.open}. */
export interface FileCacheOptions {
  /** Made when it is not there; undefined: files are in memory. */
  readonly folder: string | undefined;
  readonly bytesMax: number;
}

/** Cached files by their SHA-256. */
export class FileCache {
  readonly #folder: string | undefined;
  readonly #bytesMax: number;
  /** Sizes, least recently used first; the bytes when there is no folder. */
  readonly #files = new Map<string, { sizeBytes: number; bytes?: Uint8Array<ArrayBuffer> }>();
  readonly #fetching = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;

  private constructor({ folder, bytesMax }: FileCacheOptions) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  /** Opens a cache; files that were being written are removed. */
  static async open(options: FileCacheOptions): Promise<FileCache> {
    const cache = new FileCache(options);
    const { folder } = options;
    if (folder === undefined) return cache;
    await Deno.mkdir(folder, { recursive: true });
    const found: { name: string; size: number; usedAt: number }[] = [];
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile) continue;
      const path = join(folder, name);
      const { size, mtime } = await Deno.stat(path);
      if (/^[0-9a-f]{64}$/.test(name)) found.push({ name, size, usedAt: mtime?.getTime() ?? 0 });
      else await Deno.remove(path);
    }
    found.sort((a, b) => a.usedAt - b.usedAt);
    for (const { name, size } of found) {
      cache.#files.set(name, { sizeBytes: size });
      cache.#bytes += size;
    }
    await cache.#evict();
    return cache;
  }

  /** Files, bytes, and how often a file was there. */
  get figures(): { files: number; bytes: number; hits: number; misses: number } {
    return { files: this.#files.size, bytes: this.#bytes, hits: this.#hits, misses: this.#misses };
  }

  /**
   * The file with this SHA-256, fetched when it is not here.
   *
   * @throws {AetherError} STORAGE_CORRUPT when another file was fetched; what `fetch` throws.
   */
  get(
    sha256: string,
    fetch: () => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    let fetching = this.#fetching.get(sha256);
    if (fetching === undefined) {
      fetching = this.#get(sha256, fetch).finally(() => this.#fetching.delete(sha256));
      this.#fetching.set(sha256, fetching);
    }
    return fetching;
  }

  async #get(
    sha256: string,
    fetch: () => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const cached = await this.#read(sha256);
    if (cached !== undefined && (await checksumsOf(cached)).sha256 === sha256) {
      this.#hits++;
      return cached;
    }
    await this.#remove(sha256);
    this.#misses++;
    const bytes = await fetch();
    const actual = (await checksumsOf(bytes)).sha256;
    if (actual !== sha256) {
      throw new AetherError("STORAGE_CORRUPT", `A file has SHA-256 ${actual}, not ${sha256}`);
    }
    await this.#keep(sha256, bytes);
    return bytes;
  }

  async #read(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = this.#files.get(sha256);
    if (file === undefined) return undefined;
    this.#files.delete(sha256);
    this.#files.set(sha256, file);
    if (this.#folder === undefined) return file.bytes;
    const path = join(this.#folder, sha256);
    try {
      const bytes = await Deno.readFile(path);
      const now = new Date();
      await Deno.utime(path, now, now);
      return bytes;
    } catch {
      // It was removed by somebody else, or the disk fails: fetch it.
      return undefined;
    }
  }

  /** A cache that cannot write is a slow cache, no failure. */
  async #keep(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (bytes.length > this.#bytesMax) return;
    if (this.#folder === undefined) this.#files.set(sha256, { sizeBytes: bytes.length, bytes });
    else {
      const path = join(this.#folder, sha256);
      try {
        await Deno.writeFile(`${path}.tmp`, bytes);
        await Deno.rename(`${path}.tmp`, path);
      } catch {
        await Deno.remove(`${path}.tmp`).catch(() => {});
        return;
      }
      this.#files.set(sha256, { sizeBytes: bytes.length });
    }
    this.#bytes += bytes.length;
    await this.#evict();
  }

  async #evict(): Promise<void> {
    for (const sha256 of [...this.#files.keys()]) {
      if (this.#bytes <= this.#bytesMax) return;
      await this.#remove(sha256);
    }
  }

  async #remove(sha256: string): Promise<void> {
    const file = this.#files.get(sha256);
    if (file === undefined) return;
    this.#files.delete(sha256);
    this.#bytes -= file.sizeBytes;
    if (this.#folder !== undefined) await Deno.remove(join(this.#folder, sha256)).catch(() => {});
  }
}
