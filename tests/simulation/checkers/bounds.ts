/**
 * Bounded memory: nothing an engine keeps outgrows its window and limits.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { Fail } from "./checkers.ts";

/** Watches what engines keep. */
export class Bounds {
  readonly #fail: Fail;
  /** Lives of all nodes so far. */
  lives = 0;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** Looks at an engine. */
  check(host: Host): void {
    const { id, engine, windowSlots, waitingBatchesMax, slotBatchesMax, recovered } = host;
    const { slots, batches, wanted } = engine.usage;
    if (slots > 3 * windowSlots + 1) {
      this.#fail("bounds", `${id} keeps ${slots} slots with a window of ${windowSlots}`);
    }
    // What others wait for may be needed here beyond the own limit, but every life has its limit.
    const needed = 3 * windowSlots * slotBatchesMax + recovered;
    if (batches > this.lives * waitingBatchesMax + needed) {
      this.#fail("bounds", `${id} keeps ${batches} waiting batches`);
    }
    if (wanted > 1_000) this.#fail("bounds", `${id} wants ${wanted} batches`);
  }
}
