/**
 * The last events of a kind, numbered, in a buffer of a fixed size.
 *
 * Numbers begin where the owner says, so that those of a process go on above those of its former
 * life. It keeps no time and no listeners' mistakes apart; who adds an event says what is in it.
 *
 * @module
 */

/** An event with its number. */
export type Numbered<Event> = Event & { readonly revision: number };

/** The last events. */
export class EventLog<Event extends object> {
  readonly #capacity: number;
  readonly #listeners = new Set<() => void>();
  #events: Numbered<Event>[] = [];
  #newest: number;

  /** @param capacity events that are kept @param before the number before that of the first one */
  constructor(capacity: number, before: number) {
    this.#capacity = capacity;
    this.#newest = before;
  }

  /** Number of the newest event, or the one before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Adds an event; the oldest one goes when there are too many. */
  add(event: Event): void {
    this.#newest++;
    this.#events.push({ ...event, revision: this.#newest });
    if (this.#events.length > this.#capacity) this.#events.shift();
    for (const listener of this.#listeners) listener();
  }

  /** The oldest events that are kept and came after a number, at most `limit`. */
  since(revision: number, limit: number): readonly Numbered<Event>[] {
    // A number of another process or life says nothing here.
    const from = revision > this.#newest ? -1 : revision;
    return this.#events.filter((event) => event.revision > from).slice(0, limit);
  }

  /** The newest events that came after a number, at most `limit`, oldest first. */
  latest(revision: number, limit: number): readonly Numbered<Event>[] {
    return this.since(revision, this.#capacity).slice(-limit);
  }

  /** Calls the listener after each event until the returned function is called. */
  onAdd(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
