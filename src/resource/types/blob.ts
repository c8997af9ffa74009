/**
 * The resource type `blob`: large values of a slice, in the chunks of the artifact repository.
 *
 * Bytes pass through here in pieces, each answered when the next one is welcome. A blob is staged
 * in the storage thread, and there when its record is in the store.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { systemClock } from "../../io/clock.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import { byteSize } from "../../protocol/config/fields.ts";
import { collectionKey, keys } from "../../protocol/keys.ts";
import { limits } from "../../protocol/limits.ts";
import {
  type ArtifactTopics,
  type BlobRecord,
  isCollecting,
} from "../../protocol/storage/artifacts.ts";
import { checkUserKey } from "../../protocol/store/user_key.ts";
import type { BlobStat } from "../../sdk/resource/blob.ts";
import { OpenStreams } from "../blob/open_streams.ts";
import { Upload } from "../blob/upload.ts";
import {
  type CallMessage,
  parseCall,
  type ResourceFactory,
  type ResourceSession,
} from "../factory.ts";
import { type StoreAccess, storeExtension } from "../store_access.ts";
import { storageLine } from "./topic.ts";

const streamsMax = 64;
const idleMs = 60_000;

const optionsSchema = z.strictObject({
  /** Largest blob. More than 2 GiB have no room in an index. */
  maxBytes: byteSize({ minimum: "1KiB", maximum: "2GiB" }).prefault("64MiB"),
});
type Options = z.output<typeof optionsSchema>;

const key = z.string();
/** Number of an upload or of a reading; `id` is the message's own. */
const stream = z.int();
const offset = z.int().min(0);
const callSchema = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("begin"),
    key,
    contentType: z.string().regex(/^[\x21-\x7e][\x20-\x7e]{0,126}$/)
      .default("application/octet-stream"),
  }),
  z.object({
    op: z.literal("write"),
    stream,
    bytes: z.instanceof(Uint8Array).refine(({ length }) => length <= limits.blobPieceBytes),
  }),
  z.object({ op: z.literal("commit"), stream }),
  z.object({ op: z.literal("abort"), stream }),
  z.object({ op: z.literal("open"), key, first: offset.default(0), last: offset.optional() }),
  z.object({ op: z.literal("next"), stream }),
  z.object({ op: z.literal("cancel"), stream }),
  z.object({ op: z.literal("stat"), key }),
  z.object({ op: z.literal("delete"), key }),
  z.object({
    op: z.literal("list"),
    prefix: z.string(),
    after: z.string().default(""),
    limit: z.int().min(1).max(limits.listMax),
  }),
]);
type Call<Op> = Extract<z.output<typeof callSchema>, { op: Op }>;

/** Opens places for blobs. */
export const blobFactory: ResourceFactory<Options> = {
  type: "blob",
  priority: 0,
  options: optionsSchema,
  supports: (section) => section !== undefined,
  open: (options, context) => {
    const parts = {
      line: context.extension(storageLine),
      store: context.extension(storeExtension),
      clock: systemClock(),
    };
    const { section } = context;
    return {
      session: ({ artifactBase }) =>
        new BlobSession(keys.blob.key(artifactBase, section, ""), options, parts),
      close: () => {},
    };
  },
};

/** What a session works with. */
export interface BlobParts {
  readonly line: Pick<ThreadLine, "ask" | "guard">;
  readonly store: StoreAccess;
  readonly clock: Clock;
}

class Reading {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async next(): Promise<Uint8Array | null> {
    const { done, value } = await this.#reader.read();
    return done ? null : value;
  }

  end(reason: AetherError): void {
    this.#reader.cancel(reason.message).catch(() => {});
  }
}

/** The blobs of a slice, for one instance. */
export class BlobSession implements ResourceSession {
  readonly #prefix: string;
  readonly #options: Options;
  readonly #parts: BlobParts;
  readonly #uploads: OpenStreams<Upload>;
  readonly #readings: OpenStreams<Reading>;
  #isClosed = false;

  constructor(prefix: string, options: Options, parts: BlobParts) {
    this.#prefix = prefix;
    this.#options = options;
    this.#parts = parts;
    this.#uploads = new OpenStreams({ clock: parts.clock, streamsMax, idleMs });
    this.#readings = new OpenStreams({ clock: parts.clock, streamsMax, idleMs });
  }

  close(): void {
    this.#isClosed = true;
    this.#uploads.close();
    this.#readings.close();
  }

  async call(message: CallMessage): Promise<unknown> {
    const call = parseCall(callSchema, message);
    if ("key" in call) checkUserKey(call.key, this.#prefix);
    switch (call.op) {
      case "begin":
        return await this.#begin(call);
      case "write":
        await this.#uploads.use(call.stream, (upload) => upload.write(call.bytes));
        return null;
      case "commit":
        return await this.#commit(call.stream);
      case "abort":
        this.#uploads.take(call.stream)?.end(given("The slice gave the upload up"));
        return null;
      case "open":
        return await this.#open(call);
      case "next":
        return await this.#next(call.stream);
      case "cancel":
        this.#readings.take(call.stream)?.end(given("The slice reads no further"));
        return null;
      case "stat": {
        const record = await this.#record(call.key);
        return record === undefined ? null : statOf(call.key, record);
      }
      case "delete":
        return await this.#delete(call.key);
      case "list":
        return await this.#list(call);
    }
  }

  async #begin({ key, contentType }: Call<"begin">): Promise<number> {
    this.#uploads.requireRoom();
    const { line, store, clock } = this.#parts;
    const found = await store.entry(collectionKey);
    const last = found && keys.collection.decode(collectionKey, found.value);
    if (last !== undefined && isCollecting(last, clock.wallMs())) {
      throw new AetherError("NOT_PROPOSED", "Unused chunks are being collected: store it again");
    }
    this.#requireOpen();
    this.#uploads.requireRoom();
    const { maxBytes } = this.#options;
    const collected = found?.revision ?? 0;
    return this.#uploads.add(new Upload(line, { key, contentType, maxBytes, collected }));
  }

  async #commit(id: number): Promise<BlobStat> {
    const upload = this.#uploads.take(id);
    if (upload === undefined) throw new AetherError("RESOURCE_LOST", "The upload was ended");
    const { key, contentType, collected } = upload.options;
    const { underReplicated: _, slice: __, ...sums } = await upload.finish();
    const { store, clock } = this.#parts;
    const record: BlobRecord = { ...sums, contentType, storedAtMs: clock.wallMs() };
    const applied = await store.propose({
      compare: [{ key: collectionKey, revision: collected }],
      then: [keys.blob.put(this.#prefix + key, record)],
      otherwise: [],
    });
    if (applied.succeeded) return statOf(key, record);
    throw new AetherError(
      "NOT_PROPOSED",
      `Unused chunks were collected while blob "${key}" was stored: store it again`,
    );
  }

  async #open({ key, first, last }: Call<"open">) {
    this.#readings.requireRoom();
    const record = await this.#record(key);
    if (record === undefined) return null;
    const { contentType: _, ...file } = record;
    const { sizeBytes } = file;
    if (first > 0 && first >= sizeBytes || last !== undefined && last < first) {
      throw new AetherError(
        "RANGE_INVALID",
        `Blob "${key}" has ${sizeBytes} bytes, not those from ${first} to ${last ?? "its end"}`,
      );
    }
    const range = { first, last: Math.min(last ?? Infinity, sizeBytes - 1) };
    const ask: ArtifactTopics["artifacts.read"]["ask"] = { record: file, range };
    const stream = await this.#parts.line.ask<ReadableStream<Uint8Array>>("artifacts.read", ask);
    const reading = new Reading(this.#parts.line.guard(stream));
    try {
      this.#requireOpen();
      this.#readings.requireRoom();
    } catch (error) {
      reading.end(given("There is no room"));
      throw error;
    }
    return { stream: this.#readings.add(reading), stat: statOf(key, record) };
  }

  async #next(id: number): Promise<Uint8Array | null> {
    const piece = await this.#readings.use(id, (reading) => reading.next());
    if (piece === null) this.#readings.take(id);
    return piece;
  }

  async #delete(key: string): Promise<boolean> {
    const { deleted } = await this.#parts.store.propose({
      compare: [],
      then: [{ type: "delete", key: this.#prefix + key }],
      otherwise: [],
    });
    return deleted > 0;
  }

  async #list({ prefix, after, limit }: Call<"list">): Promise<BlobStat[]> {
    const start = after === "" ? "" : this.#prefix + after;
    const found = await this.#parts.store.list(this.#prefix + prefix, limit, start);
    return found.map(({ key, value }) =>
      statOf(key.slice(this.#prefix.length), keys.blob.decode(key, value))
    );
  }

  async #record(key: string): Promise<BlobRecord | undefined> {
    const full = this.#prefix + key;
    const entry = await this.#parts.store.entry(full);
    return entry && keys.blob.decode(full, entry.value);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new AetherError("RESOURCE_LOST", "The instance has ended");
  }
}

function given(message: string): AetherError {
  return new AetherError("RESOURCE_LOST", message);
}

function statOf(
  key: string,
  { sizeBytes, sha256, contentType, storedAtMs }: BlobRecord,
): BlobStat {
  return { key, sizeBytes, sha256, contentType, storedAtMs };
}
