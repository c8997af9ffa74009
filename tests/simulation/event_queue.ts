/**
 * What happens when in a simulated run: events in the order of time, and of their making at the
 * same moment.
 *
 * @module
 */

/** Something that happens at a moment. */
export interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** A binary heap of events; also the clock of the run. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #order = 0;
  #nowMs = 0;

  /** The moment of the event that happened last. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets something happen after a time. */
  after(delayMs: number, happen: () => void): void {
    const event = { atMs: this.#nowMs + delayMs, order: this.#order++, happen };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = event;
  }

  /** Lets the next event happen; false without one. */
  next(): boolean {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return false;
    if (this.#heap.length > 0) this.#sink(last);
    this.#nowMs = first.atMs;
    first.happen();
    return true;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      const smaller = right !== undefined && isBefore(right, left) ? right : left;
      if (smaller === right) child++;
      if (isBefore(event, smaller)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || a.atMs === b.atMs && a.order < b.order;
}
