/**
 * `fakeLock()`: locks in memory with fencing tokens; waits pass on the test's clock.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { HeldLock, LockHandle, LockOptions } from "../resource/lock.ts";
import type { FakePlace, Placed } from "./fake.ts";

/** Locks that a test can take away. */
export interface FakeLock extends LockHandle {
  /** Takes a lock from its holder, as when its node was cut off: its signal aborts. */
  lose(name: string): void;
}

interface Holder {
  readonly token: number;
  readonly controller: AbortController;
}

interface Waiter {
  take(): void;
  readonly timer: Timer | undefined;
}

/**
 * Locks in memory, for a test that holds one itself or takes it from the slice.
 *
 * @example
 * ```ts
 * import { fakeLock } from "aether";
 * const jobs = fakeLock();
 * const held = await jobs.acquire("nightly");
 * jobs.lose("nightly");
 * console.assert(held.signal.aborted);
 * ```
 */
export function fakeLock(): FakeLock {
  return new FakeLocks();
}

/** See {@link fakeLock}. */
export class FakeLocks implements FakeLock, Placed {
  readonly #holders = new Map<string, Holder>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  #clock: Clock | undefined;
  #token = 0;

  place({ clock }: FakePlace): void {
    this.#clock = clock;
  }

  /** Whether a lock is held with this token. */
  holds(name: string, token: number): boolean {
    return this.#holders.get(name)?.token === token;
  }

  async acquire(name: string, { waitMs = 0 }: LockOptions = {}): Promise<HeldLock> {
    if (this.#holders.has(name)) await this.#wait(name, waitMs);
    const holder: Holder = { token: ++this.#token, controller: new AbortController() };
    this.#holders.set(name, holder);
    return {
      name,
      token: holder.token,
      signal: holder.controller.signal,
      release: () => Promise.try(() => this.#free(name, holder)),
    };
  }

  async run<T>(
    name: string,
    work: (held: HeldLock) => T | Promise<T>,
    options: LockOptions = {},
  ): Promise<T> {
    const held = await this.acquire(name, options);
    try {
      return await work(held);
    } finally {
      await held.release();
    }
  }

  lose(name: string): void {
    const holder = this.#holders.get(name);
    if (holder === undefined) return;
    this.#free(name, holder);
    holder.controller.abort(new Error("The lock is lost: another one may hold it"));
  }

  #free(name: string, holder: Holder): void {
    if (this.#holders.get(name) !== holder) return;
    this.#holders.delete(name);
    const waiters = this.#waiters.get(name);
    const [next] = waiters ?? [];
    if (next === undefined) return;
    waiters?.delete(next);
    next.timer?.cancel();
    // Nobody may come between this and the next holder.
    this.#holders.set(name, { token: -1, controller: new AbortController() });
    next.take();
  }

  #wait(name: string, waitMs: number): Promise<void> {
    const held = () => new AetherError("LOCK_HELD", `Lock "${name}" is held by somebody else`);
    if (waitMs <= 0) throw held();
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(name) ?? new Set();
      this.#waiters.set(name, waiters);
      const timer = this.#clock?.setTimer(waitMs, () => {
        waiters.delete(waiter);
        reject(held());
      });
      const waiter: Waiter = { take: resolve, timer };
      waiters.add(waiter);
    });
  }
}
