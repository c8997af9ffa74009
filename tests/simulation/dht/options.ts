/**
 * Everything that a simulated run of the DHT is made of, derived from one seed.
 *
 * @module
 */
import { SeededRandom } from "../../../src/base/random.ts";

/** One run. */
export interface DhtSimulationOptions {
  readonly seed: string;
  /** Members at the beginning. */
  readonly nodes: number;
  /** Rounds of faults, each followed by healing, convergence and a read of every key. */
  readonly rounds: number;
  readonly faultsMs: number;
  readonly convergenceMs: number;
  readonly network: {
    readonly lossRate: number;
    readonly duplicateRate: number;
    readonly delayMs: number;
    readonly jitterMs: number;
    /** Share of the messages that come very late, and how late they may be. */
    readonly lateRate: number;
    readonly lateMs: number;
  };
  readonly load: {
    readonly clients: number;
    readonly thinkMs: number;
    readonly timeoutMs: number;
    readonly keys: number;
    readonly readRate: number;
    readonly removeRate: number;
    readonly chunkRate: number;
    readonly allRate: number;
    readonly valueBytes: number;
  };
  readonly machine: {
    readonly resendMs: number;
    readonly hedgeMs: number;
    readonly compareMs: number;
    readonly collectMs: number;
    readonly syncsMax: number;
    readonly syncTimeoutMs: number;
    readonly syncBytesPerSecond: number;
    readonly operationsMax: number;
  };
  /** Mean time between two faults of a kind, 0 = never. */
  readonly faults: {
    readonly crashMs: number;
    readonly diskLossMs: number;
    readonly partitionMs: number;
    readonly joinMs: number;
    readonly leaveMs: number;
    readonly deathMs: number;
    readonly clockMs: number;
    readonly ioMs: number;
    readonly fullMs: number;
    readonly damageMs: number;
  };
  /** How far wall clocks jump. */
  readonly skewMs: number;
  readonly tickMs: number;
  /** Mean time of a request in the storage. */
  readonly storageMs: number;
  /** Longest time until a node hears of a view from the store. */
  readonly viewMs: number;
  readonly nodesMax: number;
}

/** Draws the options of a seed. */
export function deriveDhtOptions(seed: string, nodes?: number): DhtSimulationOptions {
  const random = new SeededRandom(seed).split("dht options");
  const maybe = (rate: number, value: () => number) => random.nextFloat() < rate ? value() : 0;
  const between = (low: number, high: number) => low + random.nextFloat() * (high - low);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[random.nextBelow(items.length)] as Item;
  const delayMs = pick([0.1, 1, 5, 20]);
  return {
    seed,
    nodes: nodes ?? pick([1, 2, 3, 3, 3, 4, 5]),
    rounds: pick([1, 2, 3]),
    faultsMs: between(2_000, 12_000),
    convergenceMs: 120_000,
    network: {
      lossRate: maybe(0.5, () => pick([0.001, 0.02, 0.1])),
      duplicateRate: maybe(0.5, () => pick([0.01, 0.2])),
      delayMs,
      jitterMs: pick([0, delayMs / 4, delayMs, delayMs * 5]),
      lateRate: maybe(0.5, () => pick([0.001, 0.01, 0.05])),
      lateMs: pick([1_000, 10_000]),
    },
    load: {
      clients: pick([1, 3, 8]),
      thinkMs: pick([5, 20, 100]),
      timeoutMs: between(300, 3_000),
      keys: pick([1, 3, 10, 40]),
      readRate: pick([0.2, 0.5]),
      removeRate: pick([0.1, 0.3]),
      chunkRate: pick([0, 0.2]),
      allRate: pick([0, 0.2]),
      valueBytes: pick([8, 1_000]),
    },
    machine: {
      resendMs: pick([50, 4 * delayMs + 20]),
      hedgeMs: pick([10, 100]),
      compareMs: pick([1_000, 5_000]),
      collectMs: pick([200, 1_000, 5_000]),
      syncsMax: pick([1, 4, 16]),
      syncTimeoutMs: pick([500, 2_000]),
      syncBytesPerSecond: pick([20_000, 10_000_000]),
      operationsMax: pick([4, 1_000]),
    },
    faults: {
      crashMs: maybe(0.6, () => between(300, 3_000)),
      diskLossMs: maybe(0.5, () => between(1_000, 6_000)),
      partitionMs: maybe(0.6, () => between(500, 4_000)),
      joinMs: maybe(0.6, () => between(1_000, 6_000)),
      leaveMs: maybe(0.5, () => between(1_000, 6_000)),
      deathMs: maybe(0.3, () => between(2_000, 8_000)),
      clockMs: maybe(0.5, () => between(300, 2_000)),
      ioMs: maybe(0.3, () => between(500, 4_000)),
      fullMs: maybe(0.2, () => between(1_000, 4_000)),
      damageMs: maybe(0.4, () => between(300, 3_000)),
    },
    skewMs: pick([10, 500, 20_000]),
    tickMs: pick([10, 50]),
    storageMs: pick([0.1, 1, 5]),
    viewMs: pick([10, 300, 2_000]),
    nodesMax: 7,
  };
}
