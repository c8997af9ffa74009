/**
 * Everything that a simulated run is made of, derived from one seed.
 *
 * Not only the faults are drawn but the options themselves ("swarm"): a run without loss but with
 * crashes finds other mistakes than one with a little of everything.
 *
 * @module
 */
import { SeededRandom } from "../../src/base/random.ts";

/** How messages travel. */
export interface NetworkOptions {
  readonly lossRate: number;
  readonly duplicateRate: number;
  /** Least delay of a message. */
  readonly delayMs: number;
  /** Mean of what comes on top, exponentially distributed. */
  readonly jitterMs: number;
  /** Whether messages of a link overtake each other. */
  readonly reorders: boolean;
}

/** Which faults there are, and how often: mean time between two of a kind; 0 = never. */
export interface FaultRates {
  readonly partitionMs: number;
  readonly crashMs: number;
  readonly powerCutMs: number;
  readonly pauseMs: number;
  readonly slowMs: number;
  readonly clockMs: number;
  readonly configureMs: number;
  readonly suspectMs: number;
  readonly membersMs: number;
}

/** The engine's options that a run varies. */
export interface EngineVariation {
  readonly window: number;
  readonly depth: number;
  readonly hopeMs: number;
  readonly graceMs: number;
  readonly takeoverMs: number;
  readonly lateMs: number;
  readonly resendMs: number;
  readonly resendMaxMs: number;
  readonly slotBatchesMax: number;
  readonly waitingBatchesMax: number;
  readonly fetchEntriesMax: number;
}

/** What the clients do. */
export interface LoadOptions {
  readonly clients: number;
  readonly thinkMs: number;
  readonly timeoutMs: number;
  readonly keys: number;
  /** Shares of reads and of compare-and-set among the operations; the rest writes. */
  readonly readRate: number;
  readonly exchangeRate: number;
  /** Commands per batch and batches of a node under way. */
  readonly batchMax: number;
  readonly batchesUnderWay: number;
  /** Nodes that have clients; 0 = all. */
  readonly busyNodes: number;
}

/** One run. */
export interface SimulationOptions {
  readonly seed: string;
  readonly nodes: number;
  readonly durable: boolean;
  readonly network: NetworkOptions;
  readonly engine: EngineVariation;
  readonly load: LoadOptions;
  readonly faults: FaultRates;
  readonly tickMs: number;
  readonly idleTickMs: number;
  readonly heartbeatMs: number;
  /** Mean time of a sync of the disk. */
  readonly syncMs: number;
  /** Applied slots between two snapshots; 0 = none. */
  readonly snapshotSlots: number;
  /** Slots that are kept behind a snapshot. */
  readonly keptSlots: number;
  readonly safetyMs: number;
  readonly livenessMs: number;
  readonly idleMs: number;
}

/** Draws the options of a seed. */
export function deriveOptions(seed: string, nodes?: number): SimulationOptions {
  const random = new SeededRandom(seed).split("options");
  const maybe = (rate: number, value: () => number) => random.nextFloat() < rate ? value() : 0;
  const between = (low: number, high: number) => low + random.nextFloat() * (high - low);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[random.nextBelow(items.length)] as Item;
  const delayMs = pick([0.05, 0.1, 1, 5, 20]);
  const jitterMs = pick([0, delayMs / 4, delayMs, delayMs * 5]);
  const durable = random.nextFloat() < 0.6;
  // Drawn apart, so that older seeds keep everything else.
  const later = random.split("members");
  return {
    seed,
    nodes: nodes ?? pick([1, 2, 3, 3, 3, 4, 5, 5, 7]),
    durable,
    network: {
      lossRate: maybe(0.6, () => pick([0.001, 0.02, 0.1, 0.3])),
      duplicateRate: maybe(0.4, () => pick([0.01, 0.2])),
      delayMs,
      jitterMs,
      reorders: random.nextFloat() < 0.5,
    },
    engine: deriveEngine(random, delayMs),
    load: {
      clients: pick([1, 2, 4, 8]),
      thinkMs: pick([0, delayMs, 10, 50]),
      timeoutMs: between(200, 2_000),
      keys: pick([1, 2, 4]),
      readRate: pick([0.1, 0.3, 0.6]),
      exchangeRate: pick([0, 0.2]),
      batchMax: pick([1, 4, 100]),
      batchesUnderWay: pick([1, 2, 8]),
      busyNodes: pick([0, 0, 1]),
    },
    faults: {
      partitionMs: maybe(0.6, () => between(200, 2_000)),
      crashMs: maybe(0.6, () => between(200, 2_000)),
      powerCutMs: maybe(durable ? 0.3 : 0, () => between(1_000, 4_000)),
      pauseMs: maybe(0.4, () => between(200, 2_000)),
      slowMs: maybe(0.3, () => between(500, 2_000)),
      clockMs: maybe(0.3, () => between(200, 2_000)),
      configureMs: maybe(0.4, () => between(300, 2_000)),
      suspectMs: maybe(0.3, () => between(100, 1_000)),
      membersMs: later.nextFloat() < 0.4 ? 100 + later.nextFloat() * 700 : 0,
    },
    tickMs: pick([1, 2, 5, 10]),
    idleTickMs: 50,
    heartbeatMs: 100,
    syncMs: pick([0.1, 0.3, 2, 10]),
    snapshotSlots: maybe(0.7, () => pick([10, 50, 200])),
    keptSlots: pick([0, 5, 50]),
    safetyMs: between(500, 5_000),
    livenessMs: 60_000 + 2_000 * (delayMs + jitterMs),
    idleMs: 3_000,
  };
}

function deriveEngine(random: SeededRandom, delayMs: number): EngineVariation {
  const pick = <Item>(items: readonly Item[]): Item =>
    items[random.nextBelow(items.length)] as Item;
  const window = pick([1, 2, 4, 16]);
  return {
    window,
    depth: pick([1, 2, window]),
    graceMs: pick([0, 1, 2, delayMs]),
    takeoverMs: pick([0, 4, 8, 4 * delayMs]),
    lateMs: pick([10, 1_000]),
    resendMs: pick([10, 60, 4 * delayMs + 5]),
    resendMaxMs: pick([100, 1_000]),
    slotBatchesMax: pick([1, 3, 32]),
    waitingBatchesMax: pick([4, 1_000]),
    // Few at a time, but not so few that catching up takes longer than the run.
    fetchEntriesMax: Math.max(pick([3, 512]), delayMs > 1 ? 50 : 3),
    hopeMs: pick([0, 3, 2 * delayMs]),
  };
}
