/**
 * `blob()`: large values of a slice, as streams, kept by the cluster.
 *
 * @module
 */
import { type ResourceSpec, sectionOptions } from "./spec.ts";

/** What a blob can be made of. */
export type BlobSource = AsyncIterable<Uint8Array> | Uint8Array | string;

/** What is known of a blob without reading it. */
export interface BlobStat {
  readonly key: string;
  readonly sizeBytes: number;
  /** In lower-case hex. */
  readonly sha256: string;
  readonly contentType: string;
  /** When it was stored, in ms since 1970 by the clock of the node that took it. */
  readonly storedAtMs: number;
}

/** A blob that is being read. */
export interface BlobContent extends BlobStat {
  /** Its bytes, or those of the range, each checked; read it to its end or cancel it. */
  readonly stream: ReadableStream<Uint8Array>;
  /** All of the stream in memory. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** All of the stream as text. */
  text(): Promise<string>;
}

/** A part of a blob in bytes, both ends included. */
export interface BlobRange {
  readonly first: number;
  /** @default {its end} */
  readonly last?: number;
}

/** One page of a list. */
export interface BlobListOptions {
  /** Only keys after this one. */
  readonly after?: string;
  /** 1 to 1000. @default {1000} */
  readonly limit?: number;
}

/** Large values of the slice; keys are its own. */
export interface BlobHandle {
  /**
   * Stores a value under a key, in place of what is there. It is visible as a whole when this
   * resolves, and not at all before or when it fails; a stream is read at the pace of the storage.
   *
   * @throws {AetherError} BLOB_TOO_LARGE as soon as it has more than the section's `maxBytes`.
   */
  put(
    key: string,
    source: BlobSource,
    options?: { readonly contentType?: string },
  ): Promise<BlobStat>;
  /**
   * The value, or undefined.
   *
   * @throws {AetherError} RANGE_INVALID when it has no such part.
   */
  get(key: string, options?: { readonly range?: BlobRange }): Promise<BlobContent | undefined>;
  /** What is known of the value, or undefined. */
  stat(key: string): Promise<BlobStat | undefined>;
  /** Values whose key starts with the prefix, in key order. */
  list(prefix?: string, options?: BlobListOptions): Promise<BlobStat[]>;
  /** Deletes a value; answers whether it was there. */
  delete(key: string): Promise<boolean>;
}

/**
 * Needs a place for large values, which `[resources.<section>]` of type `blob` limits.
 *
 * @throws {TypeError} when the section is no name.
 * @example
 * ```ts
 * import { blob } from "aether";
 * console.assert(blob("photos").options.section === "photos");
 * ```
 */
export function blob(section: string): ResourceSpec<BlobHandle> {
  const options = sectionOptions("blob", section);
  return { kind: "resource", type: "blob", options, schema: undefined };
}
