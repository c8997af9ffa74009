/**
 * The cache of one slice on this node: lookups that share a computation, and the figures.
 *
 * A flight is a lookup of a key that is under way. Whoever asks for the key meanwhile waits for it.
 * When there is no value, the one who began it computes; when that fails, all get the error; when
 * its instance ends before, the next one that waits takes it over.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { CacheFigures } from "../../sdk/resource/cache.ts";
import type { HeldFigures } from "./local_cache.ts";

/** Lookups under way for a slice. */
const flightsMax = 10_000;

/** Where values are. */
export interface CacheStore {
  /** The JSON text under a key. */
  get(key: string): Promise<string | undefined>;
  put(key: string, text: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  held(): Promise<HeldFigures>;
}

/** What a space needs. */
export interface CacheSpaceOptions {
  readonly store: CacheStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly computeTimeoutMs: number;
  /** A figure has changed. */
  onChange(): void;
}

type Outcome =
  | { readonly type: "value"; readonly text: string; readonly isHit: boolean }
  | { readonly type: "failed"; readonly error: unknown }
  /** Nobody computes it any more. */
  | { readonly type: "left" };

/** What a lookup found: a value, or that the asker is to compute it. */
export type Looked = { readonly value: string } | { readonly flight: Flight };

/** A lookup that is under way. */
export class Flight {
  readonly key: string;
  readonly ended: Promise<Outcome>;
  /** What is computed may be older than what the key has: it was written, or the flight ended. */
  isStale = false;
  timer: Timer | undefined;
  readonly #end: (outcome: Outcome) => void;

  constructor(key: string) {
    this.key = key;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.ended = promise;
    this.#end = resolve;
  }

  end(outcome: Outcome): void {
    this.timer?.cancel();
    this.#end(outcome);
  }
}

/** See the module. */
export class CacheSpace {
  readonly #options: CacheSpaceOptions;
  readonly #flights = new Map<string, Flight>();
  readonly #counts = { hits: 0, misses: 0, shared: 0, failures: 0 };

  constructor(options: CacheSpaceOptions) {
    this.#options = options;
  }

  /** Counts since the space was made. */
  get counts(): Readonly<Pick<CacheFigures, "hits" | "misses" | "shared" | "failures">> {
    return this.#counts;
  }

  /** Counts, and what this node holds. */
  async figures(): Promise<CacheFigures> {
    return { ...this.#counts, ...await this.#options.store.held() };
  }

  /** The text under a key. */
  async get(key: string): Promise<string | undefined> {
    const text = await this.#read(key);
    this.#count(text === undefined ? "misses" : "hits");
    return text;
  }

  /** Writes; what is being computed for the key will not be kept. */
  async put(key: string, text: string, ttlMs: number): Promise<void> {
    this.#overtake(key);
    await this.#options.store.put(key, text, ttlMs);
    this.#options.onChange();
  }

  /** Removes; what is being computed for the key will not be kept. */
  async delete(key: string): Promise<void> {
    this.#overtake(key);
    await this.#options.store.delete(key);
    this.#options.onChange();
  }

  /**
   * The value of a key, or the flight that the asker must {@link fill}, {@link fail} or
   * {@link leave}.
   *
   * @throws {AetherError} what the computation of another asker failed with; TIMEOUT, OVERLOADED.
   */
  async look(key: string): Promise<Looked> {
    for (;;) {
      const other = this.#flights.get(key);
      if (other === undefined) return await this.#begin(key);
      const outcome = await other.ended;
      if (outcome.type === "left") continue;
      if (outcome.type === "failed") throw outcome.error;
      this.#count(outcome.isHit ? "hits" : "shared");
      return { value: outcome.text };
    }
  }

  /** The value of a flight was computed; answers when it is kept or cannot be. */
  async fill(flight: Flight, text: string, ttlMs: number): Promise<void> {
    flight.end({ type: "value", text, isHit: false });
    try {
      if (!flight.isStale) await this.#options.store.put(flight.key, text, ttlMs);
    } catch (error) {
      this.#failed("A computed value was not kept", flight.key, error);
    } finally {
      this.#remove(flight);
    }
  }

  /** The computation of a flight failed: whoever waits gets the error. */
  fail(flight: Flight, error: unknown): void {
    this.#giveUp(flight, { type: "failed", error });
  }

  /** Whoever computed a flight is gone. */
  leave(flight: Flight): void {
    this.#giveUp(flight, { type: "left" });
  }

  async #begin(key: string): Promise<Looked> {
    if (this.#flights.size >= flightsMax) {
      throw new AetherError("OVERLOADED", `${flightsMax} lookups of the cache are under way`);
    }
    const flight = new Flight(key);
    this.#flights.set(key, flight);
    const text = await this.#read(key);
    if (text !== undefined) {
      this.#remove(flight);
      flight.end({ type: "value", text, isHit: true });
      this.#count("hits");
      return { value: text };
    }
    this.#count("misses");
    const { clock, computeTimeoutMs } = this.#options;
    flight.timer = clock.setTimer(computeTimeoutMs, () => {
      const message = `The value of key "${key}" was not computed within ${computeTimeoutMs} ms`;
      this.fail(flight, new AetherError("TIMEOUT", message));
    });
    return { flight };
  }

  /** A cache that fails has nothing. */
  async #read(key: string): Promise<string | undefined> {
    try {
      return await this.#options.store.get(key);
    } catch (error) {
      this.#failed("A cached value could not be read", key, error);
      return undefined;
    }
  }

  #overtake(key: string): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.isStale = true;
    this.#flights.delete(key);
  }

  #giveUp(flight: Flight, outcome: Outcome): void {
    this.#remove(flight);
    // Nobody tells it of writes from now on.
    flight.isStale = true;
    flight.end(outcome);
  }

  #remove(flight: Flight): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }

  #failed(what: string, key: string, error: unknown): void {
    this.#count("failures");
    this.#options.log.debug(what, { key, reason: toAetherError(error).message });
  }

  #count(figure: keyof CacheSpace["counts"]): void {
    this.#counts[figure]++;
    this.#options.onChange();
  }
}
