/**
 * {@link BoundedQueue}: first in, first out, with a limit that the caller must choose.
 *
 * A ring that grows by doubling, so `shift()` costs the same at any length. Used wherever work
 * waits: what does not fit is refused at once, never kept silently.
 *
 * @module
 */
import { assert } from "./assert.ts";

const FIRST_SLOTS = 16;

/**
 * A queue that refuses what exceeds its limit.
 *
 * @example
 * ```ts
 * import { BoundedQueue } from "./queue.ts";
 * const queue = new BoundedQueue<string>(1);
 * console.assert(queue.push("first") && !queue.push("second"));
 * console.assert(queue.shift() === "first" && queue.length === 0);
 * ```
 */
export class BoundedQueue<T> {
  /** Items it holds at most. */
  readonly capacity: number;
  #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  /** Makes an empty queue for at most `capacity` items, 1 or more. */
  constructor(capacity: number) {
    assert(
      Number.isSafeInteger(capacity) && capacity >= 1,
      `Capacity ${capacity} is not 1 or more`,
    );
    this.capacity = capacity;
    this.#slots = new Array<T | undefined>(Math.min(FIRST_SLOTS, capacity));
  }

  /** Items in it. */
  get length(): number {
    return this.#length;
  }

  /** Whether the next `push()` is refused. */
  get isFull(): boolean {
    return this.#length === this.capacity;
  }

  /** Adds at the end; false, and nothing is added, when it is full. */
  push(item: T): boolean {
    if (this.isFull) return false;
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) % this.#slots.length] = item;
    this.#length++;
    return true;
  }

  /** Takes the oldest item; undefined when empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#length--;
    return item;
  }

  /** The oldest item, left in place; undefined when empty. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** Takes everything, oldest first. */
  drain(): T[] {
    const items = [...this];
    this.clear();
    return items;
  }

  /** Drops everything. */
  clear(): void {
    this.#slots = new Array<T | undefined>(Math.min(FIRST_SLOTS, this.capacity));
    this.#head = 0;
    this.#length = 0;
  }

  /** The items, oldest first, left in place. */
  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#length; i++) {
      // Slots within the length always hold an item.
      yield this.#slots[(this.#head + i) % this.#slots.length] as T;
    }
  }

  #grow(): void {
    const slots = new Array<T | undefined>(Math.min(this.#slots.length * 2, this.capacity));
    let i = 0;
    for (const item of this) slots[i++] = item;
    this.#slots = slots;
    this.#head = 0;
  }
}
