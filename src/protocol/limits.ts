/**
 * Limits that several parts share, with their units.
 *
 * A limit that only one module needs stands in that module. Every one is enforced with an error
 * that names it.
 *
 * @module
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/** Shared limits; sizes in bytes, times in milliseconds. */
export const limits = {
  /** Largest artifact file. */
  artifactBytes: 64 * MiB,
  /** Largest bundled module inside a slice artifact. */
  bundleBytes: 16 * MiB,
  /** Largest manifest. */
  manifestBytes: 1 * MiB,
  /** Largest value under /api/kv and in a slice's kv. */
  kvValueBytes: 1 * MiB,
  /** Longest key of the store, in UTF-8 bytes. */
  keyBytes: 512,
  /** Largest blueprint text. */
  blueprintBytes: 1 * MiB,
  /** Slices in one blueprint, dependencies included. */
  blueprintSlices: 500,
  /** Instances of one artifact. */
  instancesMax: 1000,
  /** Calls inside each other; a call of a call of a slice is the third. */
  callDepth: 32,
  /** Methods of one contract. */
  contractMethods: 200,
  /** Longest request id that is taken over from outside. */
  requestIdLength: 64,
  /** Largest message of a topic, as JSON. */
  messageBytes: 256 * KiB,
  /** Longest key of a message, in UTF-8 bytes. */
  messageKeyBytes: 256,
  /** Largest value of a slice's cache, as JSON. */
  cacheValueBytes: 512 * KiB,
  /** A piece of a slice's blob on its way between threads. */
  blobPieceBytes: 256 * KiB,
  /** Keys in one listing. */
  listMax: 1000,
} as const;
