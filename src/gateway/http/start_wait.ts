/**
 * {@link StartWait}: requests that come before a gateway knows any routes.
 *
 * A port is open before the node has joined its cluster, and a client whose connection was taken
 * tries no other node. So these requests wait for a while, as many as there is room for.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";

const waitingMax = 1_000;
const waitMs = 5_000;

/** The time from the start of a gateway to its first routes. */
export class StartWait {
  readonly #over = Promise.withResolvers<void>();
  #waiting = 0;

  /** The routes are known: everybody goes on. */
  end(): void {
    this.#over.resolve();
  }

  /**
   * Waits for the routes, `limitMs` milliseconds at most and never longer than a few seconds.
   *
   * @throws {AetherError} NO_INSTANCE when they do not come, or too many wait already.
   */
  async wait(limitMs: number): Promise<void> {
    const error = new AetherError(
      "NO_INSTANCE",
      "The node is starting and knows no routes yet",
    );
    if (this.#waiting >= waitingMax) throw error;
    this.#waiting++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(error), Math.min(limitMs, waitMs));
    });
    try {
      await Promise.race([this.#over.promise, late]);
    } finally {
      clearTimeout(timer);
      this.#waiting--;
    }
  }
}
