/**
 * {@link MemoryFile}: the bytes of one file of `MemoryStorage` and what a power cut does to them.
 *
 * It knows nothing of names, capacity or other faults; those are the business of its storage.
 *
 * @module
 */
import type { SeededRandom } from "../random.ts";

/** How {@link MemoryFile.lose} decides about bytes that are not synced. */
export interface LossOptions {
  /** Nothing, all, or a random part of them survives. */
  readonly unsynced: "lost" | "kept" | "torn";
  /** What survives or is lost as a whole. */
  readonly sectorBytes: number;
  readonly random: SeededRandom;
}

/** A file in memory; a new one is empty. */
export class MemoryFile {
  /** After a failed sync nothing more of this file becomes durable. */
  isSyncBroken = false;
  #bytes = new Uint8Array(0);
  #sizeBytes = 0;
  #endBytes = 0;
  /** Bytes from the start that a power cut leaves as they are. */
  #syncedBytes = 0;
  /** Size below which a power cut does not bring the file. */
  #syncedSizeBytes = 0;
  #isReserved = false;

  /** Its size, with zeros that are reserved. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Where the next append goes; only zeros follow. */
  get endBytes(): number {
    return this.#endBytes;
  }

  /** Appends go on behind all that is there; with a reserve, they survive in any order. */
  open(isReserved: boolean): void {
    this.#endBytes = this.#sizeBytes;
    this.#isReserved = isReserved;
  }

  /** A copy of a part, as far as it exists. */
  slice(from: number, to: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(Math.min(from, this.#sizeBytes), Math.min(to, this.#sizeBytes));
  }

  /** Puts bytes at the end, over reserved zeros if there are some. */
  append(bytes: Uint8Array): void {
    const endBytes = this.#endBytes + bytes.length;
    this.grow(endBytes);
    this.#bytes.set(bytes, this.#endBytes);
    this.#endBytes = endBytes;
  }

  /** Makes the file so long with zeros; does nothing when it is longer. */
  grow(sizeBytes: number): void {
    if (sizeBytes <= this.#sizeBytes) return;
    if (sizeBytes > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(sizeBytes, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#sizeBytes));
      this.#bytes = grown;
    }
    // A file that was cut has left something there.
    this.#bytes.fill(0, this.#sizeBytes, sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  /** Cuts the file. */
  truncate(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#endBytes = sizeBytes;
    this.#syncedBytes = Math.min(this.#syncedBytes, sizeBytes);
    this.#syncedSizeBytes = Math.min(this.#syncedSizeBytes, sizeBytes);
  }

  /** Flips bits of one byte. */
  flip(offset: number, mask: number): void {
    this.#bytes[offset] = (this.#bytes[offset] as number) ^ mask;
  }

  /** Begins a sync; what is there now is durable once the returned function is called. */
  beginSync(): () => void {
    const endBytes = this.#endBytes;
    const sizeBytes = this.#sizeBytes;
    return () => {
      this.#syncedBytes = Math.max(this.#syncedBytes, endBytes);
      this.#syncedSizeBytes = Math.max(this.#syncedSizeBytes, sizeBytes);
    };
  }

  /** Becomes what a power cut leaves. */
  lose({ unsynced, sectorBytes, random }: LossOptions): void {
    const mode = this.isSyncBroken ? "lost" : unsynced;
    this.isSyncBroken = false;
    if (mode !== "kept") {
      const growth = this.#sizeBytes - this.#syncedSizeBytes;
      const kept = mode === "lost" || growth === 0 ? 0 : random.nextBelow(growth + 1);
      this.#sizeBytes = this.#syncedSizeBytes + kept;
      const end = Math.min(this.#endBytes, this.#sizeBytes);
      if (end > this.#syncedBytes) {
        const doubtful = this.#bytes.subarray(this.#syncedBytes, end);
        if (mode === "lost") doubtful.fill(0);
        else this.#tear(doubtful, random, sectorBytes);
      }
    }
    this.#endBytes = this.#sizeBytes;
    this.beginSync()();
  }

  /** Makes of unsynced bytes what may be on a disk that was stopped while it wrote them. */
  #tear(doubtful: Uint8Array, random: SeededRandom, sectorBytes: number): void {
    let garbageEnd = doubtful.length;
    if (this.#isReserved) {
      garbageEnd = random.nextBelow(doubtful.length + 1);
      if (random.nextBelow(2) === 0) doubtful.fill(0, garbageEnd);
      else loseSectors(doubtful, { random, sectorBytes, fromBytes: this.#syncedBytes });
    }
    if (random.nextBelow(2) === 0) {
      const garbage = random.bytes(Math.min(garbageEnd, 1 + random.nextBelow(sectorBytes)));
      doubtful.set(garbage, garbageEnd - garbage.length);
    }
  }
}

/** Zeros any sectors of bytes that begin at an offset of their file. */
function loseSectors(
  bytes: Uint8Array,
  options: Omit<LossOptions, "unsynced"> & { readonly fromBytes: number },
): void {
  const { random, sectorBytes, fromBytes } = options;
  for (let from = -(fromBytes % sectorBytes); from < bytes.length; from += sectorBytes) {
    if (random.nextBelow(2) === 0) bytes.fill(0, Math.max(0, from), from + sectorBytes);
  }
}
