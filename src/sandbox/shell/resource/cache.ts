/**
 * The handle of `cache()`: checks values by their schema, computes what is missing and asks the
 * node for the rest.
 *
 * @module
 */
import { AetherError, toAetherError } from "../../../base/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import {
  type CacheFigures,
  type CacheHandle,
  type CacheWriteOptions,
  checkCacheWrite,
} from "../../../sdk/resource/cache.ts";
import type { ResourceSpec } from "../../../sdk/resource/spec.ts";
import { SliceError } from "../../../sdk/slice_error.ts";
import type { ResourcePort } from "./port.ts";

type Compute = (key: string) => unknown;
type Looked = { readonly value: string } | { readonly flight: number };

/** See {@link CacheHandle}. */
export class CacheProxy implements CacheHandle<unknown> {
  readonly #resource: string;
  readonly #spec: ResourceSpec<unknown>;
  readonly #port: ResourcePort;
  /** Lookups of this instance under way: they end with the text, or with the error as it was. */
  readonly #flights = new Map<string, Promise<string>>();

  constructor(resource: string, spec: ResourceSpec<unknown>, port: ResourcePort) {
    this.#resource = resource;
    this.#spec = spec;
    this.#port = port;
  }

  async get(key: string): Promise<unknown> {
    const text = await this.#ask("get", { key });
    return text === null ? undefined : this.#read(text as string)?.value;
  }

  async put(key: string, value: unknown, options: CacheWriteOptions = {}): Promise<void> {
    checkCacheWrite(options);
    this.#flights.delete(key);
    await this.#ask("put", { key, value: this.#write(key, value), ...ttlOf(options) });
  }

  async delete(key: string): Promise<void> {
    this.#flights.delete(key);
    await this.#ask("delete", { key });
  }

  async getOrCompute(
    key: string,
    compute: Compute,
    options: CacheWriteOptions = {},
  ): Promise<unknown> {
    checkCacheWrite(options);
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      const begun = flight = this.#look(key, compute, options).finally(() => {
        if (this.#flights.get(key) === begun) this.#flights.delete(key);
      });
      this.#flights.set(key, begun);
    }
    const read = this.#read(await flight);
    if (read !== undefined) return read.value;
    // An older version of the slice has written it.
    const value = await compute(key);
    await this.put(key, value, options);
    return value;
  }

  async figures(): Promise<CacheFigures> {
    return await this.#ask("figures", {}) as CacheFigures;
  }

  async #look(key: string, compute: Compute, options: CacheWriteOptions): Promise<string> {
    const looked = await this.#ask("look", { key }) as Looked;
    if ("value" in looked) return looked.value;
    const { flight } = looked;
    let text: string;
    try {
      text = this.#write(key, await compute(key));
    } catch (error) {
      await this.#fail(flight, error);
      throw error;
    }
    // What is computed is right, also when the node does not take it.
    await this.#ask("fill", { flight, value: text, ...ttlOf(options) })
      .catch((error) => this.#fail(flight, error));
    return text;
  }

  /** Tells the node that nothing comes; when it does not hear of it, the flight's time ends it. */
  async #fail(flight: number, error: unknown): Promise<void> {
    const tell = async (problem: object) => {
      await this.#ask("fail", { flight, problem: JSON.stringify(problem) });
    };
    const whole = error instanceof SliceError ? tell(error.toProblem()) : Promise.reject(error);
    // Data of a slice's error can be too large, or no JSON.
    await whole.catch(() => tell(shortProblem(error))).catch(() => {});
  }

  #write(key: string, value: unknown): string {
    const { schema } = this.#spec;
    const text = JSON.stringify(schema === undefined ? value : schema.parse(value));
    if (text === undefined || text.length > limits.cacheValueBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `The value of key "${key}" must be JSON of at most ${limits.cacheValueBytes} bytes`,
      );
    }
    return text;
  }

  /** The value of a text; undefined when it does not match the schema. */
  #read(text: string): { readonly value: unknown } | undefined {
    const value: unknown = JSON.parse(text);
    if (this.#spec.schema === undefined) return { value };
    const parsed = this.#spec.schema.safeParse(value);
    return parsed.success ? { value: parsed.data } : undefined;
  }

  #ask(op: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#port.request({ resource: this.#resource, op, ...args });
  }
}

function ttlOf({ ttlMs }: CacheWriteOptions): { readonly ttlMs?: number } {
  return ttlMs === undefined ? {} : { ttlMs };
}

/** Without details, and with the start of the message: that of a zod error is a page. */
function shortProblem(error: unknown): object {
  const known = error instanceof SliceError ? error : toAetherError(error);
  const { detail, ...problem } = known.toProblem();
  return { ...problem, detail: detail.slice(0, 1_000), data: undefined, issues: undefined };
}
