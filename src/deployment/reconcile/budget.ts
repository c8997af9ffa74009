/**
 * {@link Budget}: how many ACTIVE instances of a base there are, over all its versions.
 *
 * Every decision about a version of the base takes its stops from the same budget, so that two of
 * them together never go below `minAvailable`.
 *
 * @module
 */

/** What is left of a base. */
export class Budget {
  readonly #minAvailable: number;
  #active: number;

  /**
   * @param active ACTIVE instances on nodes that live
   * @param minAvailable what must remain
   */
  constructor(active: number, minAvailable: number) {
    this.#active = active;
    this.#minAvailable = minAvailable;
  }

  /** Stops up to `count` of them; answers how many may be stopped. */
  take(count: number): number {
    const taken = Math.max(0, Math.min(count, this.#active - this.#minAvailable));
    this.#active -= taken;
    return taken;
  }
}
