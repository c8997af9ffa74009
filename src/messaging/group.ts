/**
 * {@link Group}: how far one subscription is in one partition, and what it is handed next.
 *
 * Messages are handed out in order, several at a time, but of one key always one: the next one of a
 * key waits until the last is handled or a dead letter. `next` never passes a message that is
 * neither. What was handed out and not settled when the owner changes is handed out again.
 *
 * @module
 */
import type { LogEntry } from "../protocol/messaging/entry.ts";

/** Messages that are looked at, for each that may be under way. */
const windowFactor = 4;

/** How a subscription is served. */
export interface GroupOptions {
  readonly maxAttempts: number;
  readonly concurrency: number;
  /** How long to wait after so many failures, or after so many times nothing took the message. */
  waitMs(kind: "failed" | "unreached", count: number): number;
}

/** A message that is to be handed out. */
export interface Delivery {
  readonly entry: LogEntry;
  /** From 1. */
  readonly attempt: number;
}

/** What became of a delivery. */
export type Settlement =
  | { readonly kind: "handled" }
  /** It was not tried: nothing took it. */
  | { readonly kind: "unreached" }
  /** It was tried, or may have been. */
  | {
    readonly kind: "failed";
    readonly cause: { readonly code: string; readonly message: string };
  };

/** A message that was tried as often as it may be. */
export interface DeadMessage {
  readonly entry: LogEntry;
  readonly attempts: number;
  readonly firstAttemptAtMs: number;
  readonly lastAttemptAtMs: number;
  readonly cause: { readonly code: string; readonly message: string };
}

interface Pending {
  readonly entry: LogEntry;
  attempts: number;
  unreached: number;
  notBeforeMs: number;
  firstAttemptAtMs: number;
  state: "waiting" | "underWay" | "dead" | "done";
}

/** Counts of a group. */
export interface GroupCounts {
  readonly handled: number;
  readonly failed: number;
  readonly dead: number;
  /** Handed out again, for whatever reason. */
  readonly repeated: number;
}

/** One subscription in one partition; see the module. */
export class Group {
  readonly #options: GroupOptions;
  #next: number;
  #readEnd: number;
  /** From `next` to `readEnd`, in order. */
  #pending: Pending[] = [];
  #underWay = 0;
  #counts = { handled: 0, failed: 0, dead: 0, repeated: 0 };

  /** @param next the first message that is not handled */
  constructor(next: number, options: GroupOptions) {
    this.#options = options;
    this.#next = next;
    this.#readEnd = next;
  }

  /** All messages before it are handled or dead letters. */
  get next(): number {
    return this.#next;
  }

  get counts(): GroupCounts {
    return this.#counts;
  }

  /** Messages that are handed out and not settled. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Messages before an offset that are not handled. */
  lag(end: number): number {
    const ahead = this.#pending.filter(({ state }) => state === "done").length;
    return Math.max(0, end - this.#next - ahead);
  }

  /**
   * What is to be handed out now.
   *
   * @param end committed messages are before it
   */
  take(
    nowMs: number,
    end: number,
    read: (from: number, maxBytes: number) => readonly LogEntry[],
  ): Delivery[] {
    this.#fill(end, read);
    const { concurrency } = this.#options;
    const deliveries: Delivery[] = [];
    if (this.#underWay >= concurrency) return deliveries;
    const busy = new Set<string>();
    for (const pending of this.#pending) {
      const { entry, state } = pending;
      if (state === "done") continue;
      const isBlocked = entry.key !== undefined && busy.has(entry.key);
      if (entry.key !== undefined) busy.add(entry.key);
      if (isBlocked || state !== "waiting" || pending.notBeforeMs > nowMs) continue;
      pending.state = "underWay";
      if (pending.attempts + pending.unreached > 0) this.#counts.repeated++;
      this.#underWay++;
      deliveries.push({ entry, attempt: pending.attempts + 1 });
      if (this.#underWay >= concurrency) break;
    }
    return deliveries;
  }

  /** When a message that waits for another attempt is due; undefined when none does. */
  get dueAtMs(): number | undefined {
    let dueMs: number | undefined;
    for (const { state, notBeforeMs } of this.#pending) {
      if (state === "waiting" && notBeforeMs > 0 && notBeforeMs < (dueMs ?? Infinity)) {
        dueMs = notBeforeMs;
      }
    }
    return dueMs;
  }

  /**
   * Notes what became of a delivery; answers the message when it is to become a dead letter, which
   * `bury` ends. Of what was handed out before a `seek`, nothing is noted.
   */
  settle(delivery: Delivery, settlement: Settlement, nowMs: number): DeadMessage | undefined {
    const pending = this.#find(delivery);
    if (pending === undefined) return undefined;
    this.#underWay--;
    const { waitMs, maxAttempts } = this.#options;
    if (settlement.kind === "handled") {
      pending.state = "done";
      this.#counts.handled++;
      this.#advance();
      return undefined;
    }
    pending.state = "waiting";
    if (settlement.kind === "unreached") {
      pending.unreached++;
      pending.notBeforeMs = nowMs + waitMs("unreached", pending.unreached);
      return undefined;
    }
    this.#counts.failed++;
    pending.attempts++;
    if (pending.attempts === 1) pending.firstAttemptAtMs = nowMs;
    pending.notBeforeMs = nowMs + waitMs("failed", pending.attempts);
    if (pending.attempts < maxAttempts) return undefined;
    pending.state = "dead";
    const { entry, attempts, firstAttemptAtMs } = pending;
    const { cause } = settlement;
    return { entry, attempts, firstAttemptAtMs, lastAttemptAtMs: nowMs, cause };
  }

  /** The message is a dead letter: the group goes on without it. */
  bury({ entry }: DeadMessage): void {
    const pending = this.#pending[entry.offset - this.#next];
    if (pending?.entry !== entry || pending.state !== "dead") return;
    pending.state = "done";
    this.#counts.dead++;
    this.#advance();
  }

  /** Goes on from another message, earlier or later. */
  seek(next: number): void {
    this.#next = next;
    this.#readEnd = next;
    this.#pending = [];
    this.#underWay = 0;
  }

  #find({ entry }: Delivery): Pending | undefined {
    const pending = this.#pending[entry.offset - this.#next];
    return pending?.entry === entry && pending.state === "underWay" ? pending : undefined;
  }

  #fill(
    end: number,
    read: (from: number, maxBytes: number) => readonly LogEntry[],
  ): void {
    const window = this.#options.concurrency * windowFactor;
    while (this.#pending.length < window && this.#readEnd < end) {
      const entries = read(this.#readEnd, 256 * 1024);
      const [first] = entries;
      if (first === undefined) return;
      // Older ones were dropped: nobody waits for them.
      if (first.offset > this.#readEnd) this.seek(first.offset);
      for (const entry of entries) {
        if (entry.offset >= end || this.#pending.length >= window) break;
        this.#readEnd = entry.offset + 1;
        const state = entry.value === undefined ? "done" : "waiting";
        this.#pending.push({
          entry,
          attempts: 0,
          unreached: 0,
          notBeforeMs: 0,
          firstAttemptAtMs: 0,
          state,
        });
      }
      this.#advance();
    }
  }

  #advance(): void {
    let count = 0;
    while (this.#pending[count]?.state === "done") count++;
    if (count === 0) return;
    this.#pending.splice(0, count);
    this.#next += count;
  }
}
