/**
 * Bounded memory: nothing an engine keeps outgrows its window and limits.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { Fail } from "./checkers.ts";

const nodesMax = 9;

/** Watches what engines keep. */
export class Bounds {
  readonly #fail: Fail;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** Looks at an engine. */
  check({ id, engine, windowSlots, waitingBatchesMax, slotBatchesMax }: Host): void {
    const { slots, batches, wanted } = engine.usage;
    if (slots > 3 * windowSlots + 1) {
      this.#fail("bounds", `${id} keeps ${slots} slots with a window of ${windowSlots}`);
    }
    // What others wait for may be needed here beyond the own limit, but they have limits too.
    const needed = 3 * windowSlots * slotBatchesMax;
    if (batches > nodesMax * waitingBatchesMax + needed) {
      this.#fail("bounds", `${id} keeps ${batches} waiting batches`);
    }
    if (wanted > 1_000) this.#fail("bounds", `${id} wants ${wanted} batches`);
  }
}
