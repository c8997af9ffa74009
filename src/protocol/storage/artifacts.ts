/**
 * Files of the artifact repository: their records, and what control asks the storage thread for.
 *
 * A file is cut into chunks of 64 KiB. A chunk is kept in the DHT under its SHA-256, and so is the
 * list of a file's chunks, its index; the record in the replicated store names the index.
 *
 * @module
 */
import { z } from "zod";
import type { Manifest } from "../slice/manifest.ts";

/** Bytes of a chunk; the last one of a file may be shorter. */
export const chunkBytes: number = 64 * 1024;

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** What is known of a file without reading it. */
export const fileRecordSchema = z.object({
  sizeBytes: z.int().min(0),
  sha256: hex(64),
  sha1: hex(40),
  md5: hex(32),
  /** SHA-256 of the list of its chunks. */
  index: hex(64),
  /** Wall time, for people and metadata. */
  storedAtMs: z.number(),
});
/** See {@link fileRecordSchema}. */
export type FileRecord = z.output<typeof fileRecordSchema>;

/** What is known of a slice's blob: a file with a type. */
export const blobRecordSchema = fileRecordSchema.extend({ contentType: z.string() });
/** See {@link blobRecordSchema}. */
export type BlobRecord = z.output<typeof blobRecordSchema>;

/** A collection that has not ended so long after its start is over: its node has died. */
export const collectionMaxMs = 10 * 60_000;

/** Whether chunks that no file names are being removed, as the record of the last time says. */
export function isCollecting(
  last: { readonly isRunning: boolean; readonly startedAtMs: number },
  wallMs: number,
): boolean {
  return last.isRunning && wallMs - last.startedAtMs < collectionMaxMs;
}

/** A file whose chunks are stored, and which nobody can see yet. */
export interface StagedFile extends Omit<FileRecord, "storedAtMs"> {
  /** Chunks that fewer nodes hold than should, because those are down. */
  readonly underReplicated: number;
  /** Of a slice. */
  readonly slice?: { readonly manifest: Manifest; readonly warnings: readonly string[] };
}

/** A part of a file in bytes, both ends included. */
export interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** How whole a file is. */
export interface FileState {
  readonly chunks: number;
  /** Copies of the chunk with the fewest, and how many there should be. */
  readonly copies: number;
  readonly owners: number;
  /** Chunks with fewer copies than owners. */
  readonly underReplicated: number;
  /** Chunks of which no node that answered has a good copy. */
  readonly missing: number;
  /** Copies that were found damaged, and are being fetched again. */
  readonly damaged: number;
}

/** What a collection of chunks that no file names found. */
export interface Collected {
  readonly chunks: number;
  readonly bytes: number;
  /** Nodes that did not answer in time: not all of their chunks were looked at. */
  readonly silent: readonly string[];
}

/** What the storage of a node holds of files. */
export interface ArtifactUsage {
  readonly chunks: number;
  readonly bytes: number;
  readonly damaged: number;
  readonly cachedFiles: number;
  readonly cachedBytes: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Since the thread started. */
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

/** How much of a file has come to a node that fetches it. */
export interface FileProgress {
  readonly sha256: string;
  readonly bytes: number;
  /** How many there are. */
  readonly sizeBytes: number;
  /** Whether it is here, or cannot be had. */
  readonly isOver: boolean;
}

/** Topic on which the storage thread tells control of a {@link FileProgress}, now and then. */
export const progressTopic = "artifacts.progress";

/**
 * Topics between the storage thread and control or the resources thread; the types of their
 * questions and answers.
 */
export interface ArtifactTopics {
  /** Answers the staged file; the stream is transferred. */
  readonly "artifacts.upload": {
    readonly ask: { readonly stream: ReadableStream<Uint8Array>; readonly isSlice: boolean };
    readonly answer: StagedFile;
  };
  /** Answers the bytes of a file or of a part of it, as a stream. */
  readonly "artifacts.read": {
    readonly ask: { readonly record: FileRecord; readonly range: FileRange | undefined };
    readonly answer: ReadableStream<Uint8Array>;
  };
  /** Answers all bytes, from the node's cache if they are there. */
  readonly "artifacts.bytes": {
    readonly ask: { readonly record: FileRecord };
    readonly answer: Uint8Array<ArrayBuffer>;
  };
  readonly "artifacts.verify": {
    readonly ask: { readonly record: FileRecord };
    readonly answer: FileState;
  };
  /** `indexes`: those of all files that there are. */
  readonly "artifacts.collect": {
    readonly ask: { readonly indexes: readonly string[]; readonly dryRun: boolean };
    readonly answer: Collected;
  };
  readonly "artifacts.usage": { readonly ask: null; readonly answer: ArtifactUsage };
}
