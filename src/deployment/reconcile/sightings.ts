/**
 * {@link Sightings}: since when each instance is in its state, on the monotonic clock of the one
 * who looks.
 *
 * Back-off and stuck detection count from here, since the wall clocks in reports differ from node
 * to node and jump. The leader keeps one for as long as it leads.
 *
 * @module
 */
import type { Instance } from "../targets.ts";

interface Sighting {
  readonly state: string;
  readonly attempt: number;
  readonly sinceMs: number;
}

/** What was seen when. */
export class Sightings {
  #seen = new Map<string, Sighting>();

  /** The instances with `sinceMs`; what is not among them is forgotten. */
  look(instances: readonly Instance[], nowMs: number): Instance[] {
    const next = new Map<string, Sighting>();
    const dated = instances.map((instance) => {
      const { id, state, attempt } = instance;
      const before = this.#seen.get(id);
      const isSame = before?.state === state && before.attempt === attempt;
      const sighting = isSame ? before : { state, attempt, sinceMs: nowMs };
      next.set(id, sighting);
      return { ...instance, sinceMs: sighting.sinceMs };
    });
    this.#seen = next;
    return dated;
  }
}
