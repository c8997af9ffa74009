/**
 * What a decision costs when nothing goes wrong: slots without batches, batches per slot, messages,
 * and message delays from submission to acknowledgement.
 *
 * @module
 */
import { deriveOptions, type LoadOptions, type SimulationOptions } from "./options.ts";
import { engineDefaults } from "../../src/consensus/types.ts";
import { Simulation } from "./simulation.ts";

const delayMs = 0.1;

/** One line per setting. */
export function* measure(): Generator<string> {
  yield "nodes load      clients disk  | empty  batches/slot messages/slot  p50 ms  p99 ms  delays";
  for (const nodes of [3, 5]) {
    for (const busyNodes of [1, 0]) {
      for (const clients of [1, 16, 64]) {
        for (const syncMs of [0, 0.3]) yield line(nodes, busyNodes, clients, syncMs);
      }
    }
  }
}

function line(nodes: number, busyNodes: number, clients: number, syncMs: number): string {
  const result = new Simulation(optionsOf(nodes, busyNodes, clients, syncMs), []).run();
  const { violation, latenciesMs, slots, emptySlots, batches, slotMessages } = result;
  if (violation !== undefined) return `${violation.checker}: ${violation.detail}`;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? NaN;
  const p50 = at(0.5);
  return [
    String(nodes).padEnd(5),
    (busyNodes === 1 ? "one node" : "all nodes").padEnd(9),
    String(clients).padStart(7),
    (syncMs === 0 ? "none" : `${syncMs}ms`).padEnd(5),
    "|",
    `${(emptySlots / slots * 100).toFixed(1)}%`.padEnd(6),
    (batches / (slots - emptySlots)).toFixed(2).padStart(12),
    (slotMessages / slots).toFixed(1).padStart(13),
    p50.toFixed(3).padStart(7),
    at(0.99).toFixed(3).padStart(7),
    (p50 / delayMs).toFixed(1).padStart(7),
  ].join(" ");
}

function optionsOf(
  nodes: number,
  busyNodes: number,
  clients: number,
  syncMs: number,
): SimulationOptions {
  const base = deriveOptions("measure", nodes);
  const { window, depth, hopeMs, graceMs, takeoverMs, lateMs, resendMs, resendMaxMs } =
    engineDefaults;
  const load: LoadOptions = {
    ...base.load,
    clients,
    thinkMs: 0,
    timeoutMs: 1_000,
    keys: 100,
    readRate: 0,
    exchangeRate: 0,
    batchMax: 1_000,
    batchesUnderWay: 2,
    busyNodes,
  };
  return {
    ...base,
    durable: syncMs > 0,
    syncMs: Math.max(syncMs, 0.001),
    network: { lossRate: 0, duplicateRate: 0, delayMs, jitterMs: 0.02, reorders: false },
    engine: {
      window,
      depth,
      hopeMs,
      graceMs,
      takeoverMs,
      lateMs,
      resendMs,
      resendMaxMs,
      slotBatchesMax: engineDefaults.slotLimits.batchesMax,
      waitingBatchesMax: engineDefaults.batchLimits.batchesMax,
      fetchEntriesMax: engineDefaults.fetchEntriesMax,
    },
    load,
    tickMs: 4,
    snapshotSlots: 500,
    keptSlots: 50,
    safetyMs: 300,
  };
}
