/**
 * Weak multi-valued consensus of one slot: Rabia's agreement in its two-delay form.
 *
 * Nodes exchange proposals; who sees a majority for one batch votes 1, else "?". From then on it is
 * a randomized binary agreement on "the majority's batch" (1) or "nothing" (0), in phases of a STATE
 * and a VOTE exchange with a common coin. Every STATE and VOTE names the majority's batch once its
 * sender knows it, so whoever decides 1 knows which batch that is.
 *
 * Source: Pan et al., "Rabia" (SOSP 2021), weak-MVC, in the variant of the authors' code that votes
 * on the proposals directly. Pure: no clock, no sending; the engine does both.
 *
 * @module
 */
import { assert, unreachable } from "../base/assert.ts";
import type { Bit, Digest, SlotMessage, Vote } from "../protocol/consensus/message.ts";
import { noBatch } from "../protocol/consensus/message.ts";
import { type QuorumSizes, quorumSizes } from "./quorum.ts";

/** The common coin: the same on all nodes for a slot and phase. */
export type Coin = (slot: number, phase: number) => Bit;

/** Phases after which something must be wrong: the chance is below 2^-60. */
const phasesMax = 200;

type Stage =
  | { readonly waitsFor: "nothing" }
  | { readonly waitsFor: "proposal" }
  | { readonly waitsFor: "vote"; readonly phase: number }
  | { readonly waitsFor: "state"; readonly phase: number };

/** What was made of a message. */
export type Receipt = "new" | "same" | "conflict";

/** One slot's agreement at one node. */
export class WeakMvc {
  readonly slot: number;
  readonly #sizes: QuorumSizes;
  readonly #members: ReadonlySet<string>;
  readonly #coin: Coin;
  readonly #proposals = new Map<string, Digest>();
  readonly #states = new Map<number, Map<string, Bit>>();
  readonly #votes = new Map<number, Map<string, Vote>>();
  #stage: Stage = { waitsFor: "nothing" };
  /** The batch that a majority proposed, once known. At most one exists. */
  #known: Digest | undefined;
  #decision: Digest | undefined;

  constructor(slot: number, members: readonly string[], coin: Coin) {
    this.slot = slot;
    this.#members = new Set(members);
    this.#sizes = quorumSizes(members.length);
    this.#coin = coin;
  }

  /** Whether this node has proposed. */
  get isOpen(): boolean {
    return this.#stage.waitsFor !== "nothing";
  }

  /** The decided batch, {@link noBatch} for nothing; undefined while undecided. */
  get decision(): Digest | undefined {
    return this.#decision;
  }

  /** Phase of the binary agreement; 0 is the fast path. */
  get phase(): number {
    return this.#stage.waitsFor === "vote" || this.#stage.waitsFor === "state"
      ? this.#stage.phase
      : 0;
  }

  /** The first proposal received from somebody else, for a node that has none of its own. */
  get firstProposal(): { readonly from: string; readonly digest: Digest } | undefined {
    for (const [from, digest] of this.#proposals) return { from, digest };
    return undefined;
  }

  /** Whether any message of the slot has arrived. */
  get isTouched(): boolean {
    return this.#proposals.size > 0 || this.#votes.size > 0 || this.#states.size > 0;
  }

  /** Proposals that have not arrived yet. */
  get missingProposals(): number {
    return this.#sizes.members - this.#proposals.size;
  }

  /** Takes part with a proposal; the returned message counts once it is received by oneself too. */
  open(digest: Digest): SlotMessage {
    assert(!this.isOpen, `Slot ${this.slot} is open already`);
    this.#stage = { waitsFor: "proposal" };
    return { type: "proposal", slot: this.slot, digest };
  }

  /** Records a message; the first one of a sender for a kind and phase counts. */
  receive(from: string, message: SlotMessage): Receipt {
    assert(message.slot === this.slot, "A message of another slot");
    if (!this.#members.has(from)) return "conflict";
    switch (message.type) {
      case "proposal":
        return record(this.#proposals, from, message.digest);
      case "state": {
        const receipt = record(phaseOf(this.#states, message.phase), from, message.bit);
        if (receipt === "new") this.#learn(message.digest);
        return receipt;
      }
      case "vote": {
        const receipt = record(phaseOf(this.#votes, message.phase), from, message.vote);
        if (receipt === "new") this.#learn(message.digest);
        return receipt;
      }
      default:
        return unreachable(message);
    }
  }

  /** Takes over a decision that another node has made. */
  decide(digest: Digest): void {
    assert(
      this.#decision === undefined || this.#decision === digest,
      `Slot ${this.slot} decided twice`,
    );
    this.#decision = digest;
  }

  /**
   * The next message to send, if what has been received allows one; call it until it answers
   * undefined. With `patient`, waits for more than a quorum of proposals while a majority is still
   * possible: that is only a delay, and it saves slots that decide nothing.
   */
  next(patient: boolean): SlotMessage | undefined {
    if (this.#decision !== undefined) return undefined;
    switch (this.#stage.waitsFor) {
      case "nothing":
        return undefined;
      case "proposal":
        return this.#afterProposals(patient);
      case "vote":
        return this.#afterVotes(this.#stage.phase);
      case "state":
        return this.#afterStates(this.#stage.phase);
      default:
        return unreachable(this.#stage);
    }
  }

  #afterProposals(patient: boolean): SlotMessage | undefined {
    if (this.#proposals.size < this.#sizes.quorum) return undefined;
    const { value, count } = mostFrequent(this.#proposals.values());
    const isMajority = count >= this.#sizes.majority;
    const isPossible = count + this.missingProposals >= this.#sizes.majority;
    if (!isMajority && patient && isPossible && this.missingProposals > 0) return undefined;
    if (isMajority) this.#learn(value);
    return this.#vote(0, isMajority ? 1 : 2);
  }

  #afterVotes(phase: number): SlotMessage | undefined {
    const votes = phaseOf(this.#votes, phase);
    if (votes.size < this.#sizes.quorum) return undefined;
    const ones = countOf(votes.values(), 1);
    const zeros = countOf(votes.values(), 0);
    assert(ones === 0 || zeros === 0, `Slot ${this.slot} has votes for both bits`);
    const bit: Bit = ones > 0 ? 1 : 0;
    const count = Math.max(ones, zeros);
    if (count >= this.#sizes.faults + 1) {
      if (bit === 1) assert(this.#known !== undefined, "Who decides 1 knows the batch");
      this.decide(bit === 1 ? this.#known ?? noBatch : noBatch);
      return undefined;
    }
    assert(phase < phasesMax, `Slot ${this.slot} does not end`);
    // Without any vote for a bit: nothing after the proposals, the coin later.
    const unseen: Bit = phase === 0 ? 0 : this.#coin(this.slot, phase);
    const state: Bit = count > 0 ? bit : unseen;
    if (state === 1) assert(this.#known !== undefined, "State 1 implies a known batch");
    this.#stage = { waitsFor: "state", phase: phase + 1 };
    return {
      type: "state",
      slot: this.slot,
      phase: phase + 1,
      bit: state,
      digest: this.#known,
    };
  }

  #afterStates(phase: number): SlotMessage | undefined {
    const states = phaseOf(this.#states, phase);
    if (states.size < this.#sizes.quorum) return undefined;
    const ones = countOf(states.values(), 1);
    const zeros = states.size - ones;
    const { majority } = this.#sizes;
    return this.#vote(phase, ones >= majority ? 1 : zeros >= majority ? 0 : 2);
  }

  #vote(phase: number, vote: Vote): SlotMessage {
    this.#stage = { waitsFor: "vote", phase };
    return { type: "vote", slot: this.slot, phase, vote, digest: this.#known };
  }

  #learn(digest: Digest | undefined): void {
    if (digest === undefined) return;
    assert(
      this.#known === undefined || this.#known === digest,
      `Slot ${this.slot} has two majorities`,
    );
    this.#known = digest;
  }

  /**
   * Takes up again where the messages sent before a restart ended; they were received by oneself
   * already.
   */
  resume(sent: readonly SlotMessage[]): void {
    const last = sent[sent.length - 1];
    if (last === undefined) return;
    if (last.type === "proposal") this.#stage = { waitsFor: "proposal" };
    else this.#stage = { waitsFor: last.type, phase: last.phase };
  }
}

function phaseOf<Value>(
  phases: Map<number, Map<string, Value>>,
  phase: number,
): Map<string, Value> {
  let found = phases.get(phase);
  if (found === undefined) phases.set(phase, found = new Map());
  return found;
}

function record<Value>(values: Map<string, Value>, from: string, value: Value): Receipt {
  if (values.has(from)) return values.get(from) === value ? "same" : "conflict";
  values.set(from, value);
  return "new";
}

function countOf<Value>(values: Iterable<Value>, wanted: Value): number {
  let count = 0;
  for (const value of values) if (value === wanted) count++;
  return count;
}

function mostFrequent(digests: Iterable<Digest>): { value: Digest; count: number } {
  const counts = new Map<Digest, number>();
  let best = { value: noBatch, count: 0 };
  for (const value of digests) {
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    if (count > best.count) best = { value, count };
  }
  return best;
}
