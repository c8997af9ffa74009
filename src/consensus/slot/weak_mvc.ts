/**
 * Weak multi-valued consensus of one slot under crash faults: Rabia's agreement in its two-delay
 * form.
 *
 * Nodes exchange proposals; who sees a majority for one value votes 1, else "?". From then on it is
 * a randomized binary agreement on "the majority's value" (1) or "nothing" (0), in phases of a
 * STATE and a VOTE exchange with a common coin. Every STATE and VOTE names the majority's value
 * once its sender knows it, so whoever decides 1 knows which value that is.
 *
 * Source: Pan et al., "Rabia" (SOSP 2021), weak-MVC, in the variant of the authors' code that votes
 * on the proposals directly.
 *
 * @module
 */
import { assert, unreachable } from "../../base/assert.ts";
import {
  type Bit,
  emptyValue,
  type SlotMessage,
  type Value,
  type Vote,
} from "../../protocol/consensus/message.ts";
import { type QuorumSizes, quorumSizes } from "../quorum.ts";
import {
  type Proposed,
  type Receipt,
  type SlotContext,
  type SlotProtocol,
  stepOf,
} from "./slot_protocol.ts";

/** Phases after which something must be wrong: the chance is below 2^-60. */
const phasesMax = 200;

type Stage =
  | { readonly waitsFor: "nothing" }
  | { readonly waitsFor: "proposal" }
  | { readonly waitsFor: "vote"; readonly phase: number }
  | { readonly waitsFor: "state"; readonly phase: number };

/** One slot's agreement at one node. */
export class WeakMvc implements SlotProtocol {
  readonly #context: SlotContext;
  readonly #sizes: QuorumSizes;
  readonly #proposals = new Map<string, Value>();
  readonly #states = new Map<number, Map<string, Bit>>();
  readonly #votes = new Map<number, Map<string, Vote>>();
  #stage: Stage = { waitsFor: "nothing" };
  /** Own messages up to this step are durable. */
  #confirmedStep = -1;
  /** The value that a majority proposed, once known. At most one exists. */
  #known: Value | undefined;
  #decision: Value | undefined;

  constructor(context: SlotContext) {
    this.#context = context;
    this.#sizes = quorumSizes(context.members.length);
  }

  get isOpen(): boolean {
    return this.#stage.waitsFor !== "nothing";
  }

  get decision(): Value | undefined {
    return this.#decision;
  }

  get favourite(): Proposed | undefined {
    const { value } = mostFrequent(this.#proposals);
    for (const [from, proposed] of this.#proposals) if (proposed === value) return { from, value };
    return undefined;
  }

  get isUnanimous(): boolean {
    if (this.#stage.waitsFor !== "proposal" || this.#decision !== undefined) return false;
    return mostFrequent(this.#proposals).count === this.#proposals.size;
  }

  open(value: Value): SlotMessage {
    assert(!this.isOpen, `Slot ${this.#context.slot} is open already`);
    this.#stage = { waitsFor: "proposal" };
    return { type: "proposal", slot: this.#context.slot, value };
  }

  receive(from: string, message: SlotMessage): Receipt {
    assert(message.slot === this.#context.slot, "A message of another slot");
    if (!this.#context.members.includes(from)) return "conflict";
    const receipt = this.#record(from, message);
    if (receipt !== "new") return receipt;
    if (message.type === "proposal") this.#countProposals();
    else this.#learn(message.value);
    if (message.type === "vote") this.#countVotes(message.phase);
    return receipt;
  }

  #record(from: string, message: SlotMessage): Receipt {
    switch (message.type) {
      case "proposal":
        return record(this.#proposals, from, message.value);
      case "state":
        return record(phaseOf(this.#states, message.phase), from, message.bit);
      case "vote":
        return record(phaseOf(this.#votes, message.phase), from, message.vote);
      default:
        return unreachable(message);
    }
  }

  confirm(message: SlotMessage): void {
    this.#confirmedStep = Math.max(this.#confirmedStep, stepOf(message));
    if (message.type === "proposal") this.#countProposals();
    if (message.type === "vote") this.#countVotes(message.phase);
  }

  decide(value: Value): void {
    assert(
      this.#decision === undefined || this.#decision === value,
      `Slot ${this.#context.slot} decided twice`,
    );
    this.#decision = value;
  }

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

  resume(sent: readonly SlotMessage[]): void {
    for (const message of sent) {
      this.receive(this.#context.self, message);
      this.confirm(message);
    }
    const last = sent[sent.length - 1];
    if (last === undefined) return;
    if (last.type === "proposal") this.#stage = { waitsFor: "proposal" };
    else this.#stage = { waitsFor: last.type, phase: last.phase };
  }

  /**
   * So many equal proposals leave a majority of them in every quorum: all will vote 1.
   *
   * With five nodes this is one message delay earlier than the votes.
   */
  #countProposals(): void {
    const { majority, faults } = this.#sizes;
    if (this.#decision !== undefined || this.#proposals.size < majority + faults) return;
    const { value, count } = mostFrequent(this.#proposals, this.#unconfirmed(0));
    if (count < majority + faults) return;
    this.#learn(value);
    this.decide(value);
  }

  /**
   * f + 1 votes for a bit decide it, at whatever stage this node is: every quorum of this phase's
   * votes holds one of them, so nobody leaves the phase with the other bit.
   */
  #countVotes(phase: number): void {
    const votes = phaseOf(this.#votes, phase);
    const except = this.#unconfirmed(2 * phase + 1);
    const ones = countOf(votes, 1, except);
    const zeros = countOf(votes, 0, except);
    assert(ones === 0 || zeros === 0, `Slot ${this.#context.slot} has votes for both bits`);
    if (ones > this.#sizes.faults) {
      assert(this.#known !== undefined, "Who decides 1 knows the value");
      this.decide(this.#known);
    } else if (zeros > this.#sizes.faults) this.decide(emptyValue);
  }

  /** Oneself, while the own message of a step could still be forgotten. */
  #unconfirmed(step: number): string | undefined {
    return step > this.#confirmedStep ? this.#context.self : undefined;
  }

  #afterProposals(patient: boolean): SlotMessage | undefined {
    const { members, quorum, majority } = this.#sizes;
    if (this.#proposals.size < quorum) return undefined;
    const { value, count } = mostFrequent(this.#proposals);
    const missing = members - this.#proposals.size;
    const isMajority = count >= majority;
    if (!isMajority && patient && missing > 0 && count + missing >= majority) return undefined;
    if (isMajority) this.#learn(value);
    return this.#vote(0, isMajority ? 1 : 2);
  }

  #afterVotes(phase: number): SlotMessage | undefined {
    const votes = phaseOf(this.#votes, phase);
    if (votes.size < this.#sizes.quorum) return undefined;
    const ones = countOf(votes, 1);
    const zeros = countOf(votes, 0);
    // Decided as soon as the own vote is durable.
    if (Math.max(ones, zeros) > this.#sizes.faults) return undefined;
    const { slot, coin } = this.#context;
    assert(phase < phasesMax, `Slot ${slot} does not end`);
    // Without any vote for a bit: nothing after the proposals, the coin later.
    const unseen: Bit = phase === 0 ? 0 : coin(slot, phase);
    const bit: Bit = ones > 0 ? 1 : zeros > 0 ? 0 : unseen;
    assert(bit === 0 || this.#known !== undefined, "Who takes state 1 knows the value");
    this.#stage = { waitsFor: "state", phase: phase + 1 };
    return { type: "state", slot, phase: phase + 1, bit, value: this.#known };
  }

  #afterStates(phase: number): SlotMessage | undefined {
    const states = phaseOf(this.#states, phase);
    if (states.size < this.#sizes.quorum) return undefined;
    const { majority } = this.#sizes;
    if (countOf(states, 1) >= majority) return this.#vote(phase, 1);
    return this.#vote(phase, countOf(states, 0) >= majority ? 0 : 2);
  }

  #vote(phase: number, vote: Vote): SlotMessage {
    this.#stage = { waitsFor: "vote", phase };
    return { type: "vote", slot: this.#context.slot, phase, vote, value: this.#known };
  }

  #learn(value: Value | undefined): void {
    if (value === undefined) return;
    assert(
      this.#known === undefined || this.#known === value,
      `Slot ${this.#context.slot} has two majorities`,
    );
    this.#known = value;
  }
}

function phaseOf<Item>(phases: Map<number, Map<string, Item>>, phase: number): Map<string, Item> {
  let found = phases.get(phase);
  if (found === undefined) phases.set(phase, found = new Map());
  return found;
}

function record<Item>(items: Map<string, Item>, from: string, item: Item): Receipt {
  const known = items.get(from);
  if (known !== undefined) return known === item ? "same" : "conflict";
  items.set(from, item);
  return "new";
}

function countOf<Item>(items: ReadonlyMap<string, Item>, wanted: Item, except?: string): number {
  let count = 0;
  for (const [from, item] of items) if (item === wanted && from !== except) count++;
  return count;
}

function mostFrequent(
  proposals: ReadonlyMap<string, Value>,
  except?: string,
): { value: Value; count: number } {
  let best = { value: emptyValue, count: 0 };
  for (const value of proposals.values()) {
    if (value === best.value && best.count > 0) continue;
    const count = countOf(proposals, value, except);
    if (count > best.count) best = { value, count };
  }
  return best;
}
