/**
 * The handle of `blob()`: passes bytes on in pieces, each when the node welcomes it.
 *
 * @module
 */
import { limits } from "../../../protocol/limits.ts";
import type {
  BlobContent,
  BlobHandle,
  BlobListOptions,
  BlobRange,
  BlobSource,
  BlobStat,
} from "../../../sdk/resource/blob.ts";
import { contentOf, piecesOf } from "../../../sdk/resource/blob_pieces.ts";
import type { ResourcePort } from "./port.ts";

/** See {@link BlobHandle}. */
export class BlobProxy implements BlobHandle {
  readonly #resource: string;
  readonly #port: ResourcePort;

  constructor(resource: string, port: ResourcePort) {
    this.#resource = resource;
    this.#port = port;
  }

  async put(
    key: string,
    source: BlobSource,
    { contentType }: { readonly contentType?: string } = {},
  ): Promise<BlobStat> {
    const type = contentType === undefined ? {} : { contentType };
    const stream = await this.#ask("begin", { key, ...type });
    try {
      for await (const bytes of piecesOf(source)) await this.#ask("write", { stream, bytes });
    } catch (error) {
      await this.#ask("abort", { stream }).catch(() => {});
      throw error;
    }
    return await this.#ask("commit", { stream }) as BlobStat;
  }

  async get(
    key: string,
    { range }: { readonly range?: BlobRange } = {},
  ): Promise<BlobContent | undefined> {
    const part = range === undefined ? {} : {
      first: range.first,
      ...(range.last === undefined ? {} : { last: range.last }),
    };
    const opened = await this.#ask("open", { key, ...part }) as OpenedBlob | null;
    if (opened === null) return undefined;
    const { stream, stat } = opened;
    const content = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const piece = await this.#ask("next", { stream }) as Uint8Array | null;
        if (piece === null) controller.close();
        else controller.enqueue(piece);
      },
      cancel: async () => void await this.#ask("cancel", { stream }),
    }, { highWaterMark: 0 });
    return contentOf(stat, content);
  }

  async stat(key: string): Promise<BlobStat | undefined> {
    return await this.#ask("stat", { key }) as BlobStat | null ?? undefined;
  }

  async list(prefix = "", { after, limit }: BlobListOptions = {}): Promise<BlobStat[]> {
    return await this.#ask("list", {
      prefix,
      ...(after === undefined ? {} : { after }),
      limit: Math.min(limit ?? limits.listMax, limits.listMax),
    }) as BlobStat[];
  }

  async delete(key: string): Promise<boolean> {
    return await this.#ask("delete", { key }) as boolean;
  }

  #ask(op: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#port.request({ resource: this.#resource, op, ...args });
  }
}

interface OpenedBlob {
  /** Number of the reading. */
  readonly stream: number;
  readonly stat: BlobStat;
}
