/**
 * Backups in a bucket of an S3-compatible store. The only module that knows the protocol.
 *
 * Buckets are addressed by path, which every compatible store understands. The hash of what is
 * written is part of the signature, so a store refuses bytes that changed on the way.
 *
 * @module
 */
import { AwsClient } from "aws4fetch";
import { createHash } from "node:crypto";
import { AetherError } from "../../base/errors.ts";
import { unescapeXml } from "../../base/text/xml.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { BackupTarget } from "./target.ts";

const retriesMax = 3;
const retryDelayMs = 50;
const pagesMax = 10_000;
const excerptLength = 300;
type S3Config = NonNullable<Config["backup"]["s3"]>;

/** A bucket, or the part of one below a prefix. */
export class S3Target implements BackupTarget {
  readonly location: string;
  readonly #client: AwsClient;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(config: S3Config) {
    const { endpoint, bucket, prefix = "", region = "us-east-1" } = config;
    const { accessKeyId, secretAccessKey } = config;
    // Its own retries leave the bodies of refused answers open.
    const retries = 0;
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries });
    this.#bucket = `${endpoint}/${bucket}`;
    this.#prefix = prefix;
    this.location = `${this.#bucket}/${prefix}`;
  }

  async put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const hash = createHash("sha256").update(bytes).digest("hex");
    const response = await this.#fetch("PUT", this.#urlOf(name), {
      body: bytes,
      headers: { "x-amz-content-sha256": hash, "content-type": "application/octet-stream" },
    });
    await response.body?.cancel();
  }

  async get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const response = await this.#fetch("GET", this.#urlOf(name), {}, 404);
    if (response.status !== 404) return await response.bytes();
    await response.body?.cancel();
    return undefined;
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    let token: string | undefined;
    for (let page = 0; page < pagesMax; page++) {
      const query = new URLSearchParams({ "list-type": "2", prefix: this.#prefix });
      if (token !== undefined) query.set("continuation-token", token);
      const response = await this.#fetch("GET", `${this.#bucket}?${query}`, {});
      const text = await response.text();
      for (const key of textsOf(text, "Key")) names.push(key.slice(this.#prefix.length));
      token = textsOf(text, "NextContinuationToken")[0];
      if (token === undefined) return names.sort();
    }
    throw new AetherError("BACKUP_FAILED", `${this.location} has more than ${pagesMax} pages`);
  }

  async remove(name: string): Promise<void> {
    const response = await this.#fetch("DELETE", this.#urlOf(name), {}, 404);
    await response.body?.cancel();
  }

  #urlOf(name: string): string {
    return `${this.#bucket}/${this.#prefix}${encodeURIComponent(name)}`;
  }

  async #fetch(
    method: string,
    url: string,
    init: RequestInit,
    alsoFine?: number,
  ): Promise<Response> {
    const response = await this.#withRetries(method, url, init);
    if (response.ok || response.status === alsoFine) return response;
    const text = (await response.text()).slice(0, excerptLength);
    throw new AetherError(
      "BACKUP_FAILED",
      `${method} ${url} was answered ${response.status}: ${text}`,
    );
  }

  /** Sends it again, with growing pauses, while the store is busy. */
  async #withRetries(method: string, url: string, init: RequestInit): Promise<Response> {
    for (let attempt = 0;; attempt++) {
      const response = await this.#send(method, url, init);
      const isBusy = response.status === 429 || response.status >= 500;
      if (!isBusy || attempt === retriesMax) return response;
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs * 4 ** attempt));
    }
  }

  async #send(method: string, url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#client.fetch(url, { ...init, method });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AetherError("BACKUP_FAILED", `${method} ${url}: ${reason}`, { cause });
    }
  }
}

/** The texts of all elements of a name. The answers of stores are flat enough for this. */
function textsOf(xml: string, element: string): string[] {
  const pattern = new RegExp(`<${element}>([^<]*)</${element}>`, "g");
  return [...xml.matchAll(pattern)].map(([, text = ""]) => unescapeXml(text));
}
