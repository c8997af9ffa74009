/**
 * The hybrid logical clock of a node: versions that follow real time as long as clocks agree, and
 * order what caused what even when they do not.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Version } from "../protocol/dht/version.ts";

const counterMax = 0xffff;

/** Gives versions, each newer than every one that it has given or seen. */
export class HybridClock {
  readonly #writer: string;
  #timeMs = 0;
  #counter = 0;

  /** @param writer no other life of any node has the same */
  constructor(writer: string) {
    this.#writer = writer;
  }

  /** A version for something that happens now. */
  next(wallMs: number): Version {
    const nowMs = Math.floor(wallMs);
    if (nowMs > this.#timeMs) {
      this.#timeMs = nowMs;
      this.#counter = 0;
    } else if (this.#counter < counterMax) this.#counter++;
    else {
      this.#timeMs++;
      this.#counter = 0;
    }
    assert(Number.isSafeInteger(this.#timeMs), "The clock has run out");
    return { timeMs: this.#timeMs, counter: this.#counter, writer: this.#writer };
  }

  /** A version was seen that is not too far ahead: what is given from now on is newer. */
  see({ timeMs, counter }: Version): void {
    if (timeMs < this.#timeMs || timeMs === this.#timeMs && counter <= this.#counter) return;
    this.#timeMs = timeMs;
    this.#counter = counter;
  }
}
