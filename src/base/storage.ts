/**
 * Files as an argument: what durable parts need of a disk, and the twin in memory that fails on
 * purpose.
 *
 * A {@link Storage} is one flat directory with one owner. Names are lower-case; there are no
 * subdirectories. What a method has resolved is durable, except appended bytes, which are durable
 * after `sync()`. `src/io/file_storage.ts` is the real one; both pass one conformance suite.
 *
 * @module
 */
import { assert } from "./assert.ts";
import { AetherError } from "./errors.ts";
import { SeededRandom } from "./random.ts";
import { MemoryFile } from "./storage/memory_file.ts";

/** A file open at its end. One owner; calls must not overlap, except reads of `sizeBytes`. */
export interface AppendFile {
  /** Its name in the storage. */
  readonly name: string;
  /** Where the next append goes: its size, with what is not synced yet, without the reserve. */
  readonly sizeBytes: number;
  /**
   * Hands bytes to the system, which may lose them until `sync()`. They may be reused at once.
   *
   * @throws {AetherError} STORAGE_FAILED; part of the bytes may have been written.
   */
  append(bytes: Uint8Array): void;
  /**
   * Resolves when everything appended before the call survives a power cut.
   *
   * @throws {AetherError} STORAGE_FAILED. Never retry: the system may have dropped the bytes.
   */
  sync(): Promise<void>;
  /** Closes without syncing. */
  close(): void;
}

/** How to open a file for {@link Storage.openAppend}. */
export interface OpenAppendOptions {
  /**
   * Keeps space allocated ahead: when an append makes the file longer, zeros are written behind it,
   * up to the next multiple of so many bytes, as far as the disk has room. Appends into them need
   * no new size on disk, so their sync is faster; but of what a power cut finds unsynced, any
   * sectors may survive, the others being zeros, instead of a beginning. The zeros stay in the file
   * when it is closed: cut them off before it is opened again. @default 0
   */
  readonly reserveBytes?: number;
}

/** A part of a file. */
export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** One flat directory of files. Failures of the disk are AetherError STORAGE_FAILED. */
export interface Storage {
  /** Where it is, for messages. */
  readonly location: string;
  /** The names of all files, sorted. */
  list(): Promise<string[]>;
  /** A file's bytes, or those of a range as far as they exist; undefined without the file. */
  read(name: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Opens a file at its end; makes an empty one, durably, when there is none. */
  openAppend(name: string, options?: OpenAppendOptions): Promise<AppendFile>;
  /** Replaces or makes a file from the parts: after a power cut it is the old or the new, whole. */
  writeAtomic(name: string, parts: readonly Uint8Array[]): Promise<void>;
  /** Cuts a file to a size not above its own. */
  truncate(name: string, sizeBytes: number): Promise<void>;
  /** Removes a file; does nothing without it. */
  remove(name: string): Promise<void>;
  /** Gives the directory free for others. */
  close(): Promise<void>;
}

/** What file names look like; `.tmp` at the end is reserved for files being written. */
const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,127}$/;

/** Whether a name can be a file of a {@link Storage}. */
export function isStorageName(name: string): boolean {
  return NAME_PATTERN.test(name) && !name.endsWith(".tmp");
}

/** What {@link MemoryStorage} does wrong; may be changed at any time. */
export interface StorageFaults {
  /** Bytes that fit; writing beyond fails like a full disk. Default: no limit. */
  capacityBytes?: number;
  /** Chance, 0 to 1, that a sync fails; what was unsynced is lost then, whatever follows. */
  syncErrorRate?: number;
  /** Chance, 0 to 1, that a read returns one flipped bit. */
  readCorruptionRate?: number;
  /**
   * What a power cut leaves of unsynced bytes: nothing, all, or (default) a random part, which is a
   * beginning or, in reserved space, any sectors. It may hold garbage, as a torn sector does.
   */
  unsynced?: "lost" | "kept" | "torn";
  /** What survives or is lost as a whole. Default: 512. */
  sectorBytes?: number;
}

const DEFAULT_SECTOR_BYTES = 512;

/**
 * A disk in memory that survives {@link MemoryStorage.crash}, as far as a disk would.
 *
 * @example
 * ```ts
 * import { MemoryStorage } from "./storage.ts";
 * const storage = new MemoryStorage({ unsynced: "lost" });
 * const file = await storage.openAppend("a.log");
 * file.append(Uint8Array.of(1));
 * await file.sync();
 * file.append(Uint8Array.of(2));
 * storage.crash();
 * storage.restart();
 * console.assert((await storage.read("a.log"))?.join() === "1");
 * ```
 */
export class MemoryStorage implements Storage {
  readonly location: string = "memory";
  /** May be changed at any time. */
  faults: StorageFaults;
  readonly #random: SeededRandom;
  readonly #files = new Map<string, MemoryFile>();
  /** Counts restarts, so that files opened before a crash stay dead. */
  #generation = 0;
  #isOff = false;
  #stepsLeft = Number.POSITIVE_INFINITY;

  /** An empty disk whose faults follow the seed. */
  constructor(faults: StorageFaults = {}, seed: string | number = 0) {
    this.faults = faults;
    this.#random = new SeededRandom(seed).split("disk");
  }

  /** Cuts the power: open files die, unsynced bytes go as `faults.unsynced` says. */
  crash(): void {
    this.#isOff = true;
    this.#generation++;
    const { unsynced = "torn", sectorBytes = DEFAULT_SECTOR_BYTES } = this.faults;
    const options = { unsynced, sectorBytes, random: this.#random };
    for (const file of this.#files.values()) file.lose(options);
  }

  /** Gives power again after a crash; the files are what survived. */
  restart(): void {
    this.#isOff = false;
    this.#stepsLeft = Number.POSITIVE_INFINITY;
  }

  /** Crashes in the middle of the work: a step is a byte written or another change of the disk. */
  crashAfterSteps(steps: number): void {
    this.#stepsLeft = steps;
  }

  /** Flips bits of one stored byte for good, as ageing media do. */
  corrupt(name: string, offset: number, mask = 0xff): void {
    const file = this.#existing(name);
    assert(offset >= 0 && offset < file.sizeBytes, `Offset ${offset} is outside ${name}`);
    file.flip(offset, mask);
  }

  // deno-lint-ignore require-await -- async, so that a failure is a rejection
  async list(): Promise<string[]> {
    this.#assertOn();
    return [...this.#files.keys()].sort();
  }

  // deno-lint-ignore require-await -- as above
  async read(name: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#assertOn();
    const file = this.#files.get(name);
    if (file === undefined) return undefined;
    const from = range?.offset ?? 0;
    const bytes = file.slice(from, from + (range?.lengthBytes ?? file.sizeBytes));
    if (bytes.length > 0 && this.#happens(this.faults.readCorruptionRate)) {
      const at = this.#random.nextBelow(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << this.#random.nextBelow(8));
    }
    return bytes;
  }

  // deno-lint-ignore require-await -- as above
  async openAppend(name: string, options: OpenAppendOptions = {}): Promise<AppendFile> {
    assert(isStorageName(name), `"${name}" is not a file name`);
    this.#assertOn();
    if (!this.#files.has(name)) {
      this.#spendStep(name);
      this.#files.set(name, new MemoryFile());
    }
    return this.#handle(name, options.reserveBytes ?? 0);
  }

  async writeAtomic(name: string, parts: readonly Uint8Array[]): Promise<void> {
    assert(isStorageName(name), `"${name}" is not a file name`);
    this.#assertOn();
    const generation = this.#generation;
    const file = new MemoryFile();
    for (const part of parts) this.#write(name, file, part);
    await Promise.resolve(); // a crash may come between writing and renaming
    this.#assertOn(generation);
    if (this.#happens(this.faults.syncErrorRate)) throw failure(name, "sync error");
    this.#spendStep(name);
    file.beginSync()();
    this.#files.set(name, file);
  }

  // deno-lint-ignore require-await -- as above
  async truncate(name: string, sizeBytes: number): Promise<void> {
    this.#assertOn();
    const file = this.#existing(name);
    assert(sizeBytes >= 0 && sizeBytes <= file.sizeBytes, `${name} cannot grow to ${sizeBytes}`);
    this.#spendStep(name);
    file.truncate(sizeBytes);
  }

  // deno-lint-ignore require-await -- as above
  async remove(name: string): Promise<void> {
    this.#assertOn();
    if (!this.#files.has(name)) return;
    this.#spendStep(name);
    this.#files.delete(name);
  }

  async close(): Promise<void> {}

  #handle(name: string, givenReserveBytes: number): AppendFile {
    const generation = this.#generation;
    const file = this.#existing(name);
    let reserveBytes = givenReserveBytes;
    file.open(reserveBytes > 0);
    let isOpen = true;
    const check = () => {
      assert(isOpen, `${name} is closed`);
      this.#assertOn(generation);
    };
    return {
      name,
      get sizeBytes() {
        return file.endBytes;
      },
      append: (bytes) => {
        check();
        const { sizeBytes } = file;
        this.#write(name, file, bytes);
        const isLonger = file.sizeBytes > sizeBytes;
        if (isLonger && reserveBytes > 0 && !this.#reserve(name, file, reserveBytes)) {
          reserveBytes = 0;
        }
      },
      sync: async () => {
        check();
        const endSync = file.beginSync();
        await Promise.resolve(); // a crash may come while the sync is under way
        this.#assertOn(generation);
        this.#spendStep(name);
        if (file.isSyncBroken || this.#happens(this.faults.syncErrorRate)) {
          file.isSyncBroken = true;
          throw failure(name, "sync error");
        }
        endSync();
      },
      close: () => {
        isOpen = false;
      },
    };
  }

  /** Appends as much as fits and as the remaining steps allow. */
  #write(name: string, file: MemoryFile, bytes: Uint8Array): void {
    const isStored = this.#files.get(name) === file;
    const room = file.sizeBytes - file.endBytes + this.#freeBytes(isStored ? 0 : file.sizeBytes);
    const fitting = Math.min(bytes.length, room);
    const written = Math.min(fitting, this.#stepsLeft);
    file.append(bytes.subarray(0, written));
    this.#stepsLeft -= written;
    if (written < fitting) {
      this.crash();
      throw failure(name, "power cut");
    }
    if (fitting < bytes.length) throw failure(name, "no space left on device");
  }

  /** Puts zeros behind the end, in one step; false when not all of them fit. */
  #reserve(name: string, file: MemoryFile, reserveBytes: number): boolean {
    const wanted = Math.ceil(file.endBytes / reserveBytes) * reserveBytes - file.endBytes;
    const fitting = Math.min(wanted, this.#freeBytes());
    if (fitting > 0) {
      this.#spendStep(name);
      file.grow(file.endBytes + fitting);
    }
    return fitting === wanted;
  }

  #spendStep(name: string): void {
    if (this.#stepsLeft-- > 0) return;
    this.crash();
    throw failure(name, "power cut");
  }

  #existing(name: string): MemoryFile {
    const file = this.#files.get(name);
    if (file === undefined) throw failure(name, "no such file");
    return file;
  }

  /** What the disk has room for, beside files that are being written. */
  #freeBytes(otherBytes = 0): number {
    let used = otherBytes;
    for (const file of this.#files.values()) used += file.sizeBytes;
    return Math.max(0, (this.faults.capacityBytes ?? Number.POSITIVE_INFINITY) - used);
  }

  #happens(rate: number | undefined): boolean {
    return rate !== undefined && rate > 0 && this.#random.nextFloat() < rate;
  }

  #assertOn(generation: number = this.#generation): void {
    if (this.#isOff || generation !== this.#generation) throw failure("The disk", "power cut");
  }
}

function failure(name: string, what: string): AetherError {
  return new AetherError("STORAGE_FAILED", `${name} in memory failed: ${what}`);
}
