/**
 * `lock()`: locks of the cluster with fencing tokens, shared by all instances of the slice.
 *
 * @module
 */
import type { ResourceSpec } from "./spec.ts";

/** How a lock is acquired. */
export interface LockOptions {
  /** Longest wait for another holder in milliseconds, 0 to 60000. @default {0} */
  readonly waitMs?: number;
  /** Time after which it is free when its node has died, 1000 to 600000. @default {15000} */
  readonly ttlMs?: number;
}

/** A lock that this instance holds; the node renews it until it is released. */
export interface HeldLock {
  readonly name: string;
  /** Grows with every holder: whatever the lock protects should refuse smaller ones. */
  readonly token: number;
  /** Aborts when the lock is lost: another one may hold it now. */
  readonly signal: AbortSignal;
  /** Gives the lock free; does nothing when it is lost. */
  release(): Promise<void>;
}

/** Locks of the slice, by name. */
export interface LockHandle {
  /**
   * Acquires a lock. Pass it as `fence` to `kv().put`, and a holder of the past writes nothing.
   *
   * @throws LOCK_HELD when another instance holds it all the time.
   */
  acquire(name: string, options?: LockOptions): Promise<HeldLock>;
  /** Acquires a lock, runs the work and gives it free, however the work ends. */
  run<T>(
    name: string,
    work: (held: HeldLock) => T | Promise<T>,
    options?: LockOptions,
  ): Promise<T>;
}

/**
 * Needs locks of the cluster. They are given free when the instance ends.
 *
 * @example
 * ```ts
 * import { lock } from "aether";
 * console.assert(lock().type === "lock");
 * ```
 */
export function lock(): ResourceSpec<LockHandle> {
  return { kind: "resource", type: "lock", options: {}, schema: undefined };
}
