/**
 * Digests of what a partition holds: two that hold the same have the same digests.
 *
 * A partition is divided into buckets by key. The digest of a bucket is the exclusive or of a
 * 64-bit hash of every key with its version, so that a storage can keep it up to date with each
 * write; versions are unique, so values need not be hashed. The digest of a partition is made of
 * those of its buckets. Storages and the machine both use this.
 *
 * @module
 */
import { hash32, hash64 } from "../base/text/hash.ts";
import type { DigestText } from "../protocol/dht/message.ts";
import { type Version, versionText } from "../protocol/dht/version.ts";

/** Buckets of a partition. */
export const bucketCount = 16;

/** Digest of nothing. */
export const emptyDigest: DigestText = "0000000000000000";

const emptyDigests: readonly DigestText[] = Array(bucketCount).fill(emptyDigest);

/** The bucket of a key, 0 to {@link bucketCount} - 1. */
export function bucketOf(key: string): number {
  return hash32(key, 0x5bd1e995) % bucketCount;
}

/** The digests of one partition, kept up to date entry by entry. */
export class BucketDigests {
  readonly #words = new Uint32Array(bucketCount * 2);
  #texts: readonly DigestText[] | undefined = emptyDigests;

  /** Puts an entry in, or takes it out when it is in. */
  toggle(key: string, version: Version): void {
    this.#texts = undefined;
    const bucket = bucketOf(key);
    const [high, low] = hash64(`${versionText(version)} ${key}`);
    this.#words[bucket * 2] = (this.#words[bucket * 2] as number) ^ high; // in bounds
    this.#words[bucket * 2 + 1] = (this.#words[bucket * 2 + 1] as number) ^ low;
  }

  /** One digest per bucket. */
  texts(): readonly DigestText[] {
    return this.#texts ??= this.#write();
  }

  #write(): DigestText[] {
    const texts: DigestText[] = [];
    for (let i = 0; i < this.#words.length; i += 2) {
      texts.push(hex(this.#words[i] as number) + hex(this.#words[i + 1] as number)); // in bounds
    }
    return texts;
  }
}

/** The digest of a partition from those of its buckets. */
export function partitionDigest(buckets: readonly DigestText[]): DigestText {
  if (buckets === emptyDigests || buckets.every((digest) => digest === emptyDigest)) {
    return emptyDigest;
  }
  const [high, low] = hash64(buckets.join(""));
  return hex(high) + hex(low);
}

/** The buckets in which two partitions differ. */
export function differingBuckets(
  mine: readonly DigestText[],
  theirs: readonly DigestText[],
): number[] {
  const differing: number[] = [];
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    if (mine[bucket] !== theirs[bucket]) differing.push(bucket);
  }
  return differing;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
