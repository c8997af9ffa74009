/**
 * Locks: a key with a lease, and a token that grows with every holder.
 *
 * A lock alone cannot keep two holders apart: one may be paused while its lease ends. So whatever a
 * lock protects should take the token along and refuse smaller ones; `/api/txn` does by comparing.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import { checkUserKey } from "../../protocol/store/user_key.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValue, storedValues } from "./views.ts";

const waitingMax = 1_000;
const listMax = 1_000;

/** What locks need. */
export interface LocksOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "onChange" | "readBarrier">;
  readonly clock: Clock;
}

/** Who wants which lock. */
export interface LockRequest {
  readonly name: string;
  readonly holder: string;
  readonly ttlMs: number;
  /** Unguessable, chosen by the caller. */
  readonly lease: string;
}

/** Proof that one holds a lock. */
export interface LockProof {
  readonly lease: string;
  /** Undefined: it is looked up. */
  readonly token?: number | undefined;
}

/** A lock that is held. */
export interface HeldLock {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  readonly ttlMs: number;
}

/** The locks of the cluster. */
export class Locks {
  readonly #options: LocksOptions;
  #waiting = 0;

  constructor(options: LocksOptions) {
    this.#options = options;
  }

  /** Held locks whose names start with the prefix, as far as this node knows. */
  list(prefix: string): HeldLock[] {
    const { state } = this.#options.store;
    const found = storedValues(state, keys.lock, keys.lock.prefix + prefix);
    return found.slice(0, listMax).map(({ key, value: { holder, ttlMs }, revision }) => ({
      name: key.slice(keys.lock.prefix.length),
      holder,
      token: revision,
      ttlMs,
    }));
  }

  /**
   * Acquires a lock and answers its token; the same lease again gives the same token.
   *
   * @throws {AetherError} LOCK_HELD when others hold it all the time.
   */
  async acquire(request: LockRequest, waitMs: number): Promise<number> {
    const { name, holder, ttlMs, lease } = request;
    const { store, clock } = this.#options;
    const key = keyOf(name);
    const endMs = clock.monotonicMs() + waitMs;
    for (;;) {
      const applied = await store.propose("user", {
        compare: [{ key, revision: 0 }],
        then: [
          { type: "grant", lease, ttlMs },
          keys.lock.put(key, { holder, lease, ttlMs }, lease),
        ],
        otherwise: [],
      });
      if (applied.succeeded) return applied.revision;
      const held = storedValue(store.state, keys.lock, key);
      if (held === undefined) continue;
      if (held.value.lease === lease) {
        // The answer to a former request got lost.
        await this.renew(name, { lease, token: held.revision });
        return held.revision;
      }
      const remainingMs = endMs - clock.monotonicMs();
      if (remainingMs <= 0) {
        const text = `Lock "${name}" is held by "${held.value.holder}" (token ${held.revision})`;
        throw new AetherError("LOCK_HELD", text);
      }
      await this.#untilFree(key, remainingMs);
    }
  }

  /**
   * Starts the time of a held lock again.
   *
   * @throws {AetherError} LOCK_LOST when it is not held with this proof any more.
   */
  async renew(name: string, proof: LockProof): Promise<void> {
    await this.#asHolder(name, proof, "renew");
  }

  /**
   * Gives a lock free.
   *
   * @throws {AetherError} LOCK_LOST when it is not held with this proof any more.
   */
  async release(name: string, proof: LockProof): Promise<void> {
    await this.#asHolder(name, proof, "revoke");
  }

  async #asHolder(name: string, proof: LockProof, type: "renew" | "revoke"): Promise<void> {
    const { store } = this.#options;
    const key = keyOf(name);
    const lost = new AetherError("LOCK_LOST", `Lock "${name}" is not held by this lease any more`);
    const revision = proof.token ?? await this.#tokenOf(key, proof.lease);
    if (revision === undefined) throw lost;
    try {
      const applied = await store.propose("user", {
        compare: [{ key, revision }],
        then: [{ type, lease: proof.lease }],
        otherwise: [],
      });
      if (!applied.succeeded) throw lost;
    } catch (error) {
      if (error instanceof AetherError && error.name === "LEASE_NOT_FOUND") throw lost;
      throw error;
    }
  }

  async #tokenOf(key: string, lease: string): Promise<number | undefined> {
    const { store } = this.#options;
    await store.readBarrier();
    const held = storedValue(store.state, keys.lock, key);
    return held?.value.lease === lease ? held.revision : undefined;
  }

  /** Waits until the key changes, or for a time. */
  async #untilFree(key: string, waitMs: number): Promise<void> {
    const { store, clock } = this.#options;
    if (this.#waiting >= waitingMax) {
      throw new AetherError("OVERLOADED", `${waitingMax} requests wait for locks on this node`);
    }
    this.#waiting++;
    try {
      await new Promise<void>((resolve) => {
        const end = () => {
          timer.cancel();
          unsubscribe();
          resolve();
        };
        const timer = clock.setTimer(waitMs, end);
        const unsubscribe = store.onChange(({ events }) => {
          if (events.some((event) => event.key === key)) end();
        }, "system");
      });
    } finally {
      this.#waiting--;
    }
  }
}

function keyOf(name: string): string {
  checkUserKey(name, keys.lock.prefix);
  return keys.lock.key(name);
}
