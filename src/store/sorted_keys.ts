/**
 * Keys in order, for listings by prefix.
 *
 * A plain sorted array: an insertion moves memory, which is cheaper than a tree up to far more keys
 * than the store's size limit allows.
 *
 * @module
 */

/** A set of strings in code-unit order. */
export class SortedKeys {
  #keys: string[] = [];

  /** Takes over keys that are sorted already. */
  replace(sorted: string[]): void {
    this.#keys = sorted;
  }

  /** Adds a key that is not there yet. */
  add(key: string): void {
    // Appends are the common case in a restore.
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) this.#keys.push(key);
    else this.#keys.splice(this.#lowerBound(key), 0, key);
  }

  /** Removes a key that is there. */
  remove(key: string): void {
    this.#keys.splice(this.#lowerBound(key), 1);
  }

  /** All keys in order. */
  values(): readonly string[] {
    return this.#keys;
  }

  /** Keys with a prefix, greater than `after`, at most `limit`. */
  range(prefix: string, after: string, limit: number): string[] {
    const found: string[] = [];
    let index = this.#lowerBound(after > prefix ? after : prefix);
    for (; index < this.#keys.length && found.length < limit; index++) {
      const key = this.#keys[index];
      if (key === undefined || !key.startsWith(prefix)) break;
      if (key > after) found.push(key);
    }
    return found;
  }

  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
