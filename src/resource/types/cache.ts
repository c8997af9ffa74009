/**
 * The resource type `cache`: values that a slice can compute again, on this node or in the DHT.
 *
 * Each slice that names a section has a cache of its own, shared by its instances on the node;
 * one in the DHT is shared by the instances of all nodes.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8_bytes.ts";
import { systemClock } from "../../io/clock.ts";
import { byteSize, choice, durationMs, integer } from "../../protocol/config/fields.ts";
import { checkUserKey } from "../../protocol/store/user_key.ts";
import { limits } from "../../protocol/limits.ts";
import { cachePrefix } from "../../protocol/storage/cache.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import { CacheSpace, type CacheStore, type Flight } from "../cache/cache_space.ts";
import { DhtCache } from "../cache/dht_cache.ts";
import { LocalCache } from "../cache/local_cache.ts";
import {
  type CallMessage,
  type OpenContext,
  parseCall,
  type ResourceFactory,
  type ResourceSession,
  type ResourceUser,
  type SharedResource,
} from "../factory.ts";
import { storageLine } from "./topic.ts";

/** Computations that one instance has taken on. */
const flightsMax = 1_000;
const problemLengthMax = 65_536;

const optionsSchema = z.strictObject({
  /** `local`: each node has its own; `distributed`: the nodes have one together. */
  scope: choice(["local", "distributed"]).prefault("local"),
  /** Longest time for which a value is kept. */
  ttl: durationMs({ minimum: "1s", maximum: "7d" }).prefault("5m"),
  /** Most values that a node keeps for one slice. */
  maxEntries: integer(1, 1_000_000).prefault(10_000),
  /** Most bytes of keys and values that a node keeps for one slice. */
  maxBytes: byteSize({ minimum: "1KiB", maximum: "1GiB" }).prefault("64MiB"),
  /** Longest time for which others wait for the one who computes a value. */
  computeTimeout: durationMs({ minimum: "10ms", maximum: "10m" }).prefault("30s"),
});
type Options = z.output<typeof optionsSchema>;

const key = z.string();
const ttlMs = z.int().min(1).optional();
const flight = z.int();
const callSchema = z.discriminatedUnion("op", [
  z.object({ op: z.literal("get"), key }),
  z.object({ op: z.literal("put"), key, value: z.string(), ttlMs }),
  z.object({ op: z.literal("delete"), key }),
  z.object({ op: z.literal("look"), key }),
  z.object({ op: z.literal("fill"), flight, value: z.string(), ttlMs }),
  z.object({ op: z.literal("fail"), flight, problem: z.string().max(problemLengthMax) }),
  z.object({ op: z.literal("figures") }),
]);

/** Opens caches. */
export const cacheFactory: ResourceFactory<Options> = {
  type: "cache",
  priority: 0,
  options: optionsSchema,
  supports: (section) => section !== undefined,
  open: (options, context) => new SharedCache(options, context, systemClock()),
};

interface UsedSpace {
  readonly space: CacheSpace;
  readonly options: Options;
  readonly prefix: string;
  users: number;
}

/** The caches of a section. */
export class SharedCache implements SharedResource {
  readonly #options: Options;
  readonly #context: OpenContext;
  readonly #clock: Clock;
  /** By slice. */
  readonly #spaces = new Map<string, UsedSpace>();

  constructor(options: Options, context: OpenContext, clock: Clock) {
    this.#options = options;
    this.#context = context;
    this.#clock = clock;
  }

  session({ artifactBase }: ResourceUser): ResourceSession {
    const used = this.#spaces.get(artifactBase) ?? this.#newSpace(artifactBase);
    this.#spaces.set(artifactBase, used);
    used.users++;
    return new CacheSession(used, () => {
      used.users--;
      if (used.users === 0) this.#spaces.delete(artifactBase);
    });
  }

  /** Counts of all slices together. */
  figures(): Record<string, number> {
    const sum = { hits: 0, misses: 0, shared: 0, failures: 0 };
    for (const { space: { counts } } of this.#spaces.values()) {
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
    }
    return sum;
  }

  close(): void {}

  #newSpace(artifactBase: string): UsedSpace {
    const options = this.#options;
    const { section, log, changed } = this.#context;
    const prefix = cachePrefix(artifactBase, section);
    const store = options.scope === "local"
      ? localStore(options, this.#clock)
      : new DhtCache(this.#context.extension(storageLine), prefix, options);
    const space = new CacheSpace({
      store,
      clock: this.#clock,
      log,
      computeTimeoutMs: options.computeTimeout,
      onChange: changed,
    });
    return { space, options, prefix, users: 0 };
  }
}

function localStore(options: Options, clock: Clock): CacheStore {
  const cache = new LocalCache(options);
  const now = () => clock.monotonicMs();
  return {
    get: (key) => Promise.try(() => cache.get(key, now())),
    put: (key, text, ttlMs) => Promise.try(() => cache.put(key, text, { ttlMs, nowMs: now() })),
    delete: (key) => Promise.try(() => void cache.delete(key)),
    held: () => Promise.try(() => cache.figures(now())),
  };
}

class CacheSession implements ResourceSession {
  readonly #used: UsedSpace;
  readonly #onClose: () => void;
  /** What this instance computes. */
  readonly #flights = new Map<number, Flight>();
  #nextFlight = 1;
  #isClosed = false;

  constructor(used: UsedSpace, onClose: () => void) {
    this.#used = used;
    this.#onClose = onClose;
  }

  async call(message: CallMessage): Promise<unknown> {
    const call = parseCall(callSchema, message);
    const { space, prefix } = this.#used;
    if ("key" in call) checkUserKey(call.key, prefix);
    switch (call.op) {
      case "get":
        return await space.get(call.key) ?? null;
      case "put":
        requireSize(call.key, call.value);
        await space.put(call.key, call.value, this.#ttlMs(call.ttlMs));
        return null;
      case "delete":
        await space.delete(call.key);
        return null;
      case "look":
        return await this.#look(call.key);
      case "fill":
        await this.#fill(call.flight, call.value, this.#ttlMs(call.ttlMs));
        return null;
      case "fail": {
        const taken = this.#take(call.flight);
        if (taken !== undefined) space.fail(taken, errorOf(call.problem));
        return null;
      }
      case "figures":
        return await space.figures();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const each of this.#flights.values()) this.#used.space.leave(each);
    this.#flights.clear();
    this.#onClose();
  }

  #ttlMs(asked: number | undefined): number {
    const { ttl } = this.#used.options;
    return Math.min(asked ?? ttl, ttl);
  }

  async #look(key: string): Promise<{ readonly value: string } | { readonly flight: number }> {
    if (this.#flights.size >= flightsMax) {
      throw new AetherError("OVERLOADED", `The instance computes ${flightsMax} values at once`);
    }
    const looked = await this.#used.space.look(key);
    if ("value" in looked) return looked;
    if (this.#isClosed) {
      this.#used.space.leave(looked.flight);
      throw new AetherError("RESOURCE_LOST", "The instance has ended");
    }
    const id = this.#nextFlight++;
    this.#flights.set(id, looked.flight);
    // Its time may be over before the instance says anything.
    void looked.flight.ended.then(() => this.#flights.delete(id));
    return { flight: id };
  }

  async #fill(id: number, value: string, ttlMs: number): Promise<void> {
    const taken = this.#take(id);
    if (taken === undefined) return;
    try {
      requireSize(taken.key, value);
    } catch (error) {
      this.#used.space.fail(taken, error);
      throw error;
    }
    await this.#used.space.fill(taken, value, ttlMs);
  }

  #take(id: number): Flight | undefined {
    const taken = this.#flights.get(id);
    this.#flights.delete(id);
    return taken;
  }
}

function requireSize(key: string, value: string): void {
  const bytes = utf8Bytes(value);
  if (bytes <= limits.cacheValueBytes) return;
  throw new AetherError(
    "VALUE_TOO_LARGE",
    `The value of key "${key}" has ${bytes} bytes; the limit is ${limits.cacheValueBytes}`,
  );
}

/** The slice's own error, as its other instances are to see it. */
function errorOf(text: string): unknown {
  try {
    const problem = JSON.parse(text);
    return SliceError.fromProblem(problem) ?? AetherError.fromProblem(problem);
  } catch {
    return new AetherError("REQUEST_INVALID", "The failure of a computation is no problem text");
  }
}
