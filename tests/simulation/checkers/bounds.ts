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

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** Looks at an engine. */
  check({ id, engine, windowSlots, waitingBatchesMax, slotBatchesMax }: Host): void {
    const { slots, batches, wanted } = engine.usage;
    if (slots > 3 * windowSlots + 1) {
      this.#fail("bounds", `${id} keeps ${slots} slots with a window of ${windowSlots}`);
    }
    const needed = 3 * windowSlots * slotBatchesMax;
    if (batches > 2 * waitingBatchesMax + needed) {
      this.#fail("bounds", `${id} keeps ${batches} waiting batches`);
    }
    if (wanted > 1_000) this.#fail("bounds", `${id} wants ${wanted} batches`);
  }
}
