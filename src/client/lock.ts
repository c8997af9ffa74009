/**
 * {@link HeldLock}: a lock of the cluster, renewed while it is held.
 *
 * It judges by its own clock, from when a request was sent: when the last renewal is too long ago
 * to be sure, the lock counts as lost, a margin before anybody else can have it.
 *
 * @module
 */
import { AetherError, toAetherError } from "../base/errors.ts";
import { formatDuration } from "../base/duration.ts";
import type { AetherClient } from "./client.ts";

/** Longest wait of one request for a lock. */
const waitPerCallMs = 15_000;
const retryMs = 200;
/** Part of the time to live that is left for whoever holds the lock to stop. */
const marginShare = 0.2;
const renewShare = 0.3;

/** What to acquire. */
export interface LockWish {
  readonly name: string;
  /** Who it is for, as others see it. */
  readonly holder: string;
  /** Time until the lock is free when its holder has vanished, in milliseconds. */
  readonly ttlMs: number;
  /** Longest wait for another holder, in milliseconds. */
  readonly waitMs: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/** What a node answers to who acquires a lock. */
interface Held {
  readonly name: string;
  readonly token: number;
  readonly lease: string;
  readonly ttlMs: number;
}

/** A lock that is held until it is released or lost. */
export class HeldLock {
  readonly name: string;
  /** Greater than that of every former holder. */
  readonly token: number;
  readonly #client: AetherClient;
  readonly #lease: string;
  readonly #ttlMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #lost: AetherError | undefined;
  #onLost: (error: AetherError) => void = () => {};
  #isOver = false;

  private constructor(client: AetherClient, held: Held, sentAtMs: number) {
    this.#client = client;
    this.name = held.name;
    this.token = held.token;
    this.#lease = held.lease;
    this.#ttlMs = held.ttlMs;
    this.#hold(sentAtMs);
  }

  /**
   * Acquires a lock, waiting for it.
   *
   * @throws {AetherError} LOCK_HELD when others hold it all the time.
   */
  static async acquire(client: AetherClient, wish: LockWish): Promise<HeldLock> {
    const { name, holder, ttlMs, waitMs, signal } = wish;
    const endMs = performance.now() + waitMs;
    // The same lease in every try: an answer that got lost is given again.
    const lease = crypto.randomUUID();
    for (;;) {
      const sentAtMs = performance.now();
      const remainingMs = Math.max(0, Math.round(endMs - sentAtMs));
      const call = {
        params: { name },
        body: { holder, ttlMs, lease, waitMs: Math.min(waitPerCallMs, remainingMs) },
      };
      try {
        const options = { timeoutMs: waitPerCallMs + 15_000, ...(signal ? { signal } : {}) };
        const held = await client.call("lockAcquire", call, options);
        if (remainingMs === 0) return new HeldLock(client, held, sentAtMs);
        // After a wait nobody knows here when it was granted, so its time starts again.
        const lock = new HeldLock(client, held, performance.now());
        if (await lock.#renew()) return lock;
        await lock.release();
      } catch (error) {
        const { name: reason } = toAetherError(error);
        const isPassing = reason === "LOCK_HELD" || reason === "NOT_PROPOSED" ||
          reason === "OUTCOME_UNKNOWN" || reason === "TIMEOUT" || reason === "UNREACHABLE";
        if (!isPassing || performance.now() >= endMs || signal?.aborted) throw error;
        if (reason !== "LOCK_HELD") await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** Calls back once when the lock is lost, at the latest before anybody else can have it. */
  onLost(listener: (error: AetherError) => void): void {
    this.#onLost = listener;
    if (this.#lost !== undefined) listener(this.#lost);
  }

  /** Gives the lock free; when that fails, its time to live does it. */
  async release(): Promise<void> {
    const wasOver = this.#isOver;
    this.#stop();
    if (wasOver) return;
    const body = { lease: this.#lease, token: this.token };
    await this.#client.call("lockRelease", { params: { name: this.name }, body }).catch(() => {
      // Lost or unreachable: nothing is left to be done.
    });
  }

  /** The lock is sure for a while after a request that was sent at this time. */
  #hold(sentAtMs: number): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#deadline);
    if (this.#isOver) return;
    this.#schedule(this.#ttlMs * renewShare);
    const safeMs = sentAtMs + this.#ttlMs * (1 - marginShare) - performance.now();
    this.#deadline = setTimeout(() => {
      const text = `Lock "${this.name}" could not be renewed within ${formatDuration(this.#ttlMs)}`;
      this.#lose(new AetherError("LOCK_LOST", text));
    }, Math.max(0, safeMs));
  }

  #stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#deadline);
  }

  #schedule(delayMs: number): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      this.#renew();
    }, delayMs);
  }

  async #renew(): Promise<boolean> {
    const sentAtMs = performance.now();
    const timeoutMs = Math.max(500, Math.round(this.#ttlMs * renewShare));
    try {
      const body = { lease: this.#lease, token: this.token };
      await this.#client.call("lockRenew", { params: { name: this.name }, body }, { timeoutMs });
      this.#hold(sentAtMs);
      return true;
    } catch (error) {
      const failure = toAetherError(error);
      if (failure.name === "LOCK_LOST" || failure.name === "FORBIDDEN") this.#lose(failure);
      else this.#schedule(Math.min(1_000, this.#ttlMs * renewShare / 3));
      return false;
    }
  }

  #lose(error: AetherError): void {
    if (this.#isOver) return;
    this.#stop();
    this.#lost = error;
    this.#onLost(error);
  }
}
