/**
 * What reads and writes have in common: who is asked, who has answered, and when to ask again.
 *
 * @module
 */
import type { Cause, DhtMessage } from "../../protocol/dht/message.ts";
import type { DhtFailure, DhtResult } from "../../protocol/dht/result.ts";
import type { ScopeName } from "../../protocol/dht/scope.ts";
import type { Member } from "../../protocol/dht/view.ts";
import type { Core } from "../core.ts";
import { isSameMember, partitionOf } from "../placement.ts";
import type { Owners, PlacedView } from "../views.ts";

/** Causes that asking again in a moment does not help against. */
const lasting: ReadonlySet<Cause> = new Set(["full", "corrupt", "io", "clockSkew"]);

/** What every operation is started with. */
export interface OperationStart {
  readonly operationId: number;
  readonly scope: ScopeName;
  readonly key: string;
  readonly timeoutMs: number;
}

/** An owner's answer, or that it is expected. */
interface Asked<Outcome> {
  readonly member: Member;
  outcome: Outcome | undefined;
}

/** An operation under way. */
export abstract class Operation<Outcome extends { readonly type: string }> {
  readonly core: Core;
  readonly start: OperationStart;
  readonly deadlineMs: number;
  /** Id of the messages whose answers count; another one after every new beginning. */
  messageId = -1;
  result: DhtResult | undefined;
  protected view: PlacedView | undefined;
  protected owners: Owners | undefined;
  protected readonly asked = new Map<string, Asked<Outcome>>();
  #resendAtMs = Infinity;
  #delayMs = 0;

  constructor(core: Core, start: OperationStart) {
    this.core = core;
    this.start = start;
    this.deadlineMs = core.now.monotonicMs + start.timeoutMs;
  }

  /** Starts, or starts again with another view: answers from before count no more. */
  begin(view: PlacedView): void {
    this.view = view;
    this.owners = view.owners(this.start.scope, partitionOf(this.start.key));
    this.restart();
  }

  /** Forgets all answers and asks again. */
  protected restart(): void {
    this.asked.clear();
    this.messageId = this.core.newId();
    this.#delayMs = this.core.options.resendMs;
    this.#resendAtMs = this.core.now.monotonicMs + this.#delayMs;
    for (const member of this.firstAsked()) this.ask(member);
  }

  /** Whom to ask first. */
  protected abstract firstAsked(): readonly Member[];
  /** What to ask. */
  protected abstract question(revision: number): DhtMessage;
  /** Draws the conclusion from the answers there are. */
  protected abstract conclude(): void;
  /** The result when the time is over. */
  protected abstract late(): DhtResult;

  /** Asks a member that was not asked yet. */
  protected ask(member: Member): void {
    if (this.view === undefined || this.asked.has(member.node)) return;
    this.asked.set(member.node, { member, outcome: undefined });
    this.core.send(member.node, this.question(this.view.view.revision));
  }

  /** A member has answered. */
  receive(from: string, storage: string, outcome: Outcome): void {
    const asked = this.asked.get(from);
    if (this.result !== undefined || asked === undefined) return;
    // Another storage than that of the member has nothing to say for it.
    const isMember = this.everybody().some((each) => isSameMember(each, { node: from, storage }));
    if (!isMember || isSettledOutcome(asked.outcome)) return;
    this.asked.set(from, { member: { node: from, storage }, outcome });
    this.take(from, outcome);
    if (this.result === undefined) this.conclude();
  }

  /** Looks at an answer before the conclusion is drawn. */
  protected take(_from: string, _outcome: Outcome): void {}

  /** Time has passed. */
  tick(): void {
    const { monotonicMs } = this.core.now;
    if (monotonicMs >= this.deadlineMs) {
      this.result ??= this.view === undefined
        ? { type: "failed", failure: { reason: "noView" } }
        : this.late();
      return;
    }
    if (this.view === undefined || monotonicMs < this.#resendAtMs) return;
    this.#delayMs = Math.min(this.#delayMs * 2, this.core.options.resendMaxMs);
    this.#resendAtMs = monotonicMs + this.#delayMs;
    for (const [node, { outcome }] of this.asked) {
      if (isSettledOutcome(outcome)) continue;
      this.core.send(node, this.question(this.view.view.revision));
    }
  }

  /** All owners, present and future. */
  protected everybody(): Member[] {
    return [...this.owners?.now ?? [], ...this.owners?.next?.members ?? []];
  }

  /** Answers of members that fulfil a condition. */
  protected count(members: readonly Member[], holds: (outcome: Outcome) => boolean): number {
    return members.filter((member) => {
      const asked = this.asked.get(member.node);
      return asked?.outcome !== undefined && isSameMember(asked.member, member) &&
        holds(asked.outcome);
    }).length;
  }

  /** Whether so many of the members cannot answer any more, whatever happens. */
  protected isHopeless(members: readonly Member[], required: number): boolean {
    const failed = members.filter(({ node }) => {
      const outcome = this.asked.get(node)?.outcome;
      return outcome !== undefined && isFailure(outcome) && lasting.has(outcome.cause);
    });
    return members.length - failed.length < required;
  }

  /** Too few answers. */
  protected tooFew(required: number, got: number, members: readonly Member[]): DhtResult {
    const isLate = this.core.now.monotonicMs >= this.deadlineMs;
    const missing = members.flatMap(({ node }) => {
      const outcome = this.asked.get(node)?.outcome;
      // Nobody is to blame who was not waited for.
      if (outcome === undefined) return isLate ? [{ node, cause: "silent" as const }] : [];
      return isFailure(outcome) ? [{ node, cause: outcome.cause }] : [];
    });
    const failure: DhtFailure = {
      ...{ reason: "quorumNotReached", required, got, owners: members.length, missing },
    };
    return { type: "failed", failure };
  }
}

/** Whether an outcome is there that stays. */
export function isSettledOutcome(outcome: { readonly type: string } | undefined): boolean {
  return outcome !== undefined && (!isFailure(outcome) || lasting.has(outcome.cause));
}

function isFailure(
  outcome: { readonly type: string },
): outcome is { readonly type: "failed"; readonly cause: Cause } {
  return outcome.type === "failed";
}
