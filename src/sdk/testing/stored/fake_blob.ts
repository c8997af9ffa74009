/**
 * `fakeBlob()`: a `blob()` in memory.
 *
 * @module
 */
import { AetherError } from "../../../base/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import { checkUserKey } from "../../../protocol/store/user_key.ts";
import type {
  BlobContent,
  BlobHandle,
  BlobListOptions,
  BlobRange,
  BlobSource,
  BlobStat,
} from "../../resource/blob.ts";
import { contentOf, piecesOf } from "../../resource/blob_pieces.ts";
import type { FakePlace, Placed } from "../fake.ts";

/** Options of {@link fakeBlob}. */
export interface FakeBlobOptions {
  /** The section's `maxBytes`. @default {67108864} */
  readonly maxBytes?: number;
}

interface Stored {
  readonly stat: BlobStat;
  readonly pieces: readonly Uint8Array[];
}

/**
 * A place for large values in memory.
 *
 * @example
 * ```ts
 * import { fakeBlob } from "aether";
 * const photos = fakeBlob();
 * await photos.put("a.txt", "hello", { contentType: "text/plain" });
 * const found = await photos.get("a.txt", { range: { first: 1, last: 2 } });
 * console.assert(await found?.text() === "el");
 * ```
 */
export function fakeBlob(options: FakeBlobOptions = {}): BlobHandle {
  return new FakeBlobs(options);
}

class FakeBlobs implements BlobHandle, Placed {
  readonly #maxBytes: number;
  readonly #stored = new Map<string, Stored>();
  #place: FakePlace | undefined;

  constructor({ maxBytes = 64 * 1024 * 1024 }: FakeBlobOptions) {
    this.#maxBytes = maxBytes;
  }

  place(at: FakePlace): void {
    this.#place = at;
  }

  async put(
    key: string,
    source: BlobSource,
    { contentType = "application/octet-stream" }: { readonly contentType?: string } = {},
  ): Promise<BlobStat> {
    checkUserKey(key);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let sizeBytes = 0;
    for await (const piece of piecesOf(source)) {
      sizeBytes += piece.length;
      if (sizeBytes > this.#maxBytes) {
        throw new AetherError(
          "BLOB_TOO_LARGE",
          `Blob "${key}" has more than ${this.#maxBytes} bytes, the maxBytes of its section`,
        );
      }
      pieces.push(piece);
    }
    const digest = await crypto.subtle.digest("SHA-256", joined(pieces, sizeBytes));
    const sha256 = new Uint8Array(digest).toHex();
    const storedAtMs = this.#place?.clock.wallMs() ?? 0;
    const stat = { key, sizeBytes, sha256, contentType, storedAtMs };
    this.#stored.set(key, { stat, pieces });
    return stat;
  }

  // deno-lint-ignore require-await -- async, so that a wrong range is a rejection
  async get(
    key: string,
    { range }: { readonly range?: BlobRange } = {},
  ): Promise<BlobContent | undefined> {
    checkUserKey(key);
    const stored = this.#stored.get(key);
    if (stored === undefined) return undefined;
    const { stat, pieces } = stored;
    const { first = 0, last = Infinity } = range ?? {};
    if (first > 0 && first >= stat.sizeBytes || last < first) {
      throw new AetherError(
        "RANGE_INVALID",
        `Blob "${key}" has ${stat.sizeBytes} bytes, not those from ${first} to ${last}`,
      );
    }
    const part = joined(pieces, stat.sizeBytes).slice(first, last + 1);
    return contentOf(stat, ReadableStream.from(part.length === 0 ? [] : [part]));
  }

  stat(key: string): Promise<BlobStat | undefined> {
    return Promise.try(() => {
      checkUserKey(key);
      return this.#stored.get(key)?.stat;
    });
  }

  list(prefix = "", { after = "", limit }: BlobListOptions = {}): Promise<BlobStat[]> {
    const keys = [...this.#stored.keys()].filter((key) => key.startsWith(prefix) && key > after);
    const shown = keys.sort().slice(0, Math.min(limit ?? limits.listMax, limits.listMax));
    return Promise.resolve(shown.flatMap((key) => this.#stored.get(key)?.stat ?? []));
  }

  delete(key: string): Promise<boolean> {
    return Promise.try(() => {
      checkUserKey(key);
      return this.#stored.delete(key);
    });
  }
}

function joined(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
