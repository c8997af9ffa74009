/**
 * Messages of the consensus engine and the records it persists.
 *
 * A batch of commands travels once, by relay; everything else names it by its digest, which the
 * transport's edge has checked against the bytes. The sender is never in a message: it is the
 * authenticated peer of the link.
 *
 * @module
 */

/** Name of a batch: `node/hash`, the node that submitted it and a hash of its bytes; no spaces. */
export type Digest = string;

/** A batch of commands. */
export interface Batch {
  readonly digest: Digest;
  readonly payload: Uint8Array;
}

/** What a slot decides: digests of batches in their order, joined by spaces. */
export type Value = string;

/** The value without any batch: a slot that decides it applies nothing. */
export const emptyValue: Value = "";

/** The value that names these batches. */
export function valueOf(digests: readonly Digest[]): Value {
  return digests.join(" ");
}

/** The batches that a value names. */
export function digestsOf(value: Value): Digest[] {
  return value === emptyValue ? [] : value.split(" ");
}

/** Outcome of the binary agreement: 1 = the majority's proposal, 0 = nothing. */
export type Bit = 0 | 1;
/** A vote: a bit, or 2 = undecided ("?" in the paper). */
export type Vote = 0 | 1 | 2;

/** A message that belongs to one slot; at most one of each (type, phase) per node and slot. */
export type SlotMessage =
  | { readonly type: "proposal"; readonly slot: number; readonly value: Value }
  | {
    readonly type: "state";
    readonly slot: number;
    readonly phase: number;
    readonly bit: Bit;
    /** The majority's proposal, as soon as the sender knows it. */
    readonly value: Value | undefined;
  }
  | {
    readonly type: "vote";
    readonly slot: number;
    readonly phase: number;
    readonly vote: Vote;
    readonly value: Value | undefined;
  };

/** An entry of the decided log. */
export interface LogEntry {
  readonly slot: number;
  /** In the order in which they are applied; none when the slot decided nothing. */
  readonly batches: readonly Batch[];
}

/** What nodes send each other. */
export type Message =
  | SlotMessage
  /**
   * What the sender is about to propose, said before that is durable: others may propose the same
   * meanwhile, but it counts for nothing.
   */
  | { readonly type: "suggestion"; readonly slot: number; readonly value: Value }
  /** A batch, at its first submission or in answer to "get". */
  | { readonly type: "batch"; readonly digest: Digest; readonly payload: Uint8Array }
  | { readonly type: "get"; readonly digest: Digest }
  /** The slot is decided. */
  | { readonly type: "decision"; readonly slot: number; readonly value: Value }
  /** Asks for decided entries from a slot on. */
  | { readonly type: "fetch"; readonly from: number }
  | { readonly type: "entries"; readonly entries: readonly LogEntry[] }
  /** The entries asked for are gone: a snapshot is needed. */
  | { readonly type: "compacted"; readonly logStart: number }
  /**
   * A node without memory asks in which slots anybody took part, and for the slots up to `fillUpTo`
   * to be decided; -1 until it knows.
   */
  | { readonly type: "rejoinAsk"; readonly nonce: string; readonly fillUpTo: number }
  | { readonly type: "rejoinTell"; readonly nonce: string; readonly maxOpened: number }
  /** Which is the highest slot you took part in? (read barrier) */
  | { readonly type: "barrierAsk"; readonly id: number }
  | { readonly type: "barrierTell"; readonly id: number; readonly maxOpened: number };

/** Goes with every message. */
export interface Header {
  /** Every slot up to this one is decided and applied at the sender. */
  readonly decidedUpTo: number;
  /** Whether the message was sent before: asks for a decision when there is one. */
  readonly resent: boolean;
}

/** What must be durable before the message that it backs may be sent. */
export type ConsensusRecord =
  /** Comes before the proposal that names it. */
  | { readonly type: "batch"; readonly digest: Digest; readonly payload: Uint8Array }
  | { readonly type: "sent"; readonly message: SlotMessage }
  /** Written without waiting: it can be derived again. */
  | { readonly type: "decided"; readonly slot: number; readonly value: Value };
