/**
 * What the engine needs from the agreement on one slot, whatever faults it tolerates.
 *
 * {@link WeakMvc} is the one for crash faults. The engine moves messages, makes them durable, opens
 * slots and applies what they decide; a slot protocol only agrees. A decision names any number of
 * batches, so that an agreement on a common subset fits here too.
 *
 * @module
 */
import type { Bit, SlotMessage, Value } from "../../protocol/consensus/message.ts";

/** The common coin: the same on all nodes for a slot and phase. */
export type Coin = (slot: number, phase: number) => Bit;

/** What was made of a message. */
export type Receipt = "new" | "same" | "conflict";

/** A proposal of another node. */
export interface Proposed {
  readonly from: string;
  readonly value: Value;
}

/** Where a slot's agreement takes place. */
export interface SlotContext {
  readonly slot: number;
  readonly self: string;
  readonly members: readonly string[];
  readonly coin: Coin;
}

/** One slot's agreement at one node. Pure: no clock, no sending. */
export interface SlotProtocol {
  /** Whether this node takes part. */
  readonly isOpen: boolean;
  /** The decided value; undefined while undecided. */
  readonly decision: Value | undefined;
  /** The proposal with the most support so far, the earlier one of two with the same. */
  readonly favourite: Proposed | undefined;
  /**
   * Whether the proposals so far are equal and this node has not gone on from them: if all others
   * follow, they decide by themselves.
   */
  readonly isUnanimous: boolean;
  /** Takes part with a proposal; the message counts once it is received by oneself too. */
  open(value: Value): SlotMessage;
  /** Records a message; the first one of a sender for a type and phase counts. */
  receive(from: string, message: SlotMessage): Receipt;
  /** A message of this node survives a crash from now on: a decision may rest on it. */
  confirm(message: SlotMessage): void;
  /** Takes over a decision that another node has made. */
  decide(value: Value): void;
  /**
   * The next message to send, if what has been received allows one; called until it answers
   * undefined. With `patient`, waits for more than a quorum while that can save the proposals.
   */
  next(patient: boolean): SlotMessage | undefined;
  /** Takes up again after a restart, with all that was sent before, in order. */
  resume(sent: readonly SlotMessage[]): void;
}

/** Makes the agreement of a slot. */
export type SlotProtocolFactory = (context: SlotContext) => SlotProtocol;

/** Position of a message among those that a node sends for a slot; later ones have higher ones. */
export function stepOf(message: SlotMessage): number {
  if (message.type === "proposal") return 0;
  return message.type === "vote" ? 2 * message.phase + 1 : 2 * message.phase;
}
