/**
 * The handle of `kv()`: checks values by their schema and asks the node.
 *
 * @module
 */
import { AetherError } from "../../../base/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import type { KvEntry, KvHandle, KvWriteOptions } from "../../../sdk/resource/kv.ts";
import type { ResourceSpec } from "../../../sdk/resource/spec.ts";
import type { ResourcePort } from "./port.ts";

interface RawEntry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** See {@link KvHandle}. */
export class KvProxy implements KvHandle<unknown> {
  readonly #resource: string;
  readonly #spec: ResourceSpec<unknown>;
  readonly #port: ResourcePort;

  constructor(resource: string, spec: ResourceSpec<unknown>, port: ResourcePort) {
    this.#resource = resource;
    this.#spec = spec;
    this.#port = port;
  }

  async get(key: string): Promise<unknown> {
    return (await this.entry(key))?.value;
  }

  async entry(key: string): Promise<KvEntry<unknown> | undefined> {
    const raw = await this.#port.request({ resource: this.#resource, op: "entry", key });
    return raw === null ? undefined : this.#decode(raw as RawEntry);
  }

  async put(key: string, value: unknown, options: KvWriteOptions = {}): Promise<number> {
    const { schema } = this.#spec;
    const text = JSON.stringify(schema === undefined ? value : schema.parse(value));
    if (text === undefined || text.length > limits.kvValueBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `The value of key "${key}" must be JSON of at most ${limits.kvValueBytes} bytes`,
      );
    }
    const revision = await this.#port.request({
      resource: this.#resource,
      op: "put",
      key,
      value: text,
      ...conditions(options),
    });
    return revision as number;
  }

  async delete(key: string, options: KvWriteOptions = {}): Promise<boolean> {
    const deleted = await this.#port.request({
      resource: this.#resource,
      op: "delete",
      key,
      ...conditions(options),
    });
    return deleted as boolean;
  }

  async list(
    prefix = "",
    options: { readonly limit?: number } = {},
  ): Promise<KvEntry<unknown>[]> {
    const limit = Math.min(options.limit ?? limits.listMax, limits.listMax);
    const raw = await this.#port.request({ resource: this.#resource, op: "list", prefix, limit });
    return (raw as RawEntry[]).map((entry) => this.#decode(entry));
  }

  #decode(raw: RawEntry): KvEntry<unknown> {
    const value: unknown = JSON.parse(raw.value);
    return {
      ...raw,
      value: this.#spec.schema === undefined ? value : this.#spec.schema.parse(value),
    };
  }
}

/** A held lock has functions, which cannot travel. */
function conditions({ ifRevision, fence }: KvWriteOptions) {
  return {
    ...(ifRevision === undefined ? {} : { ifRevision }),
    ...(fence === undefined ? {} : { fence: { name: fence.name, token: fence.token } }),
  };
}
