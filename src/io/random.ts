/**
 * The system's random generator behind {@link Random}: fit for identities, tokens and jitter.
 *
 * The twin for tests is `SeededRandom` in `src/base/random.ts`.
 *
 * @module
 */
import { type Random, Uint32Random } from "../base/random.ts";

/** Words fetched at once: one call into the system costs as much as many words. */
const POOL_WORDS = 1024;
/** What the system hands out in one call at most. */
const CALL_BYTES_MAX = 65_536;

class SystemRandom extends Uint32Random {
  readonly #pool = new Uint32Array(POOL_WORDS);
  #used = POOL_WORDS;

  nextUint32(): number {
    if (this.#used === POOL_WORDS) {
      crypto.getRandomValues(this.#pool);
      this.#used = 0;
    }
    const word = this.#pool[this.#used] as number; // in bounds: used < POOL_WORDS
    this.#pool[this.#used++] = 0; // what was handed out may be a secret
    return word;
  }

  override bytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    for (let offset = 0; offset < count; offset += CALL_BYTES_MAX) {
      crypto.getRandomValues(bytes.subarray(offset, offset + CALL_BYTES_MAX));
    }
    return bytes;
  }
}

/** A random source of this thread, unpredictable to others. */
export function systemRandom(): Random {
  return new SystemRandom();
}
