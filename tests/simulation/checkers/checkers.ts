/**
 * All checkers of a run: each watches one promise; the first broken one ends the run.
 *
 * @module
 */
import type { Configuration } from "../../../src/consensus/quorum.ts";
import type { Input } from "../../../src/consensus/types.ts";
import type { LogEntry, Message } from "../../../src/protocol/consensus/message.ts";
import type { Host } from "../host.ts";
import type { Execution, Snapshot } from "../replica.ts";
import { mix } from "../replica.ts";
import { Agreement } from "./agreement.ts";
import { Bounds } from "./bounds.ts";
import { Executions } from "./executions.ts";
import { Uniqueness } from "./uniqueness.ts";

/** A promise that was broken. */
export class Violation extends Error {
  override name = "Violation";
  /** The checker that noticed it. */
  readonly checker: string;

  constructor(checker: string, detail: string) {
    super(detail);
    this.checker = checker;
  }
}

/** A broken promise of a run, at its virtual time. */
export interface ViolationReport {
  readonly checker: string;
  readonly detail: string;
  readonly atMs: number;
}

/** Runs a simulation; answers the promise that it breaks, an error of what is simulated too. */
export function violationOf(
  run: () => void,
  clock: { readonly nowMs: number },
): ViolationReport | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const checker = error instanceof Violation ? error.checker : error.name;
    const detail = error instanceof Violation ? error.message : error.stack ?? error.message;
    return { checker, detail, atMs: clock.nowMs };
  }
}

/** Reports a broken promise. */
export type Fail = (checker: string, detail: string) => never;

/** The checkers of one run. */
export class Checkers {
  readonly agreement = new Agreement((checker, detail) => this.fail(checker, detail));
  readonly uniqueness = new Uniqueness((checker, detail) => this.fail(checker, detail));
  readonly executions: Executions;
  readonly bounds = new Bounds((checker, detail) => this.fail(checker, detail));
  /** Hash over everything that happened, to tell runs apart. */
  trace = 0;
  /** Steps of engines. */
  steps = 0;
  /** Messages of slots sent. */
  slotMessages = 0;
  /** Highest slot in which an acknowledged write was decided. */
  acknowledgedSlot = -1;

  /** @param now a number that grows with every call */
  constructor(now: () => number) {
    this.executions = new Executions((checker, detail) => this.fail(checker, detail), now);
  }

  /** Ends the run. */
  fail(checker: string, detail: string): never {
    throw new Violation(checker, detail);
  }

  /** An engine took a step. */
  stepped(host: Host, input: Input, outputs: number): void {
    this.steps++;
    this.trace = mix(this.trace, host.number);
    this.trace = mix(this.trace, input.type.length * 64 + outputs);
    this.trace = mix(this.trace, host.engine.nextSlot);
    if ((this.steps & 15) === 0) this.bounds.check(host);
  }

  /** A node sends a message. */
  sent(host: Host, message: Message): void {
    if (message.type !== "proposal" && message.type !== "state" && message.type !== "vote") {
      if (message.type === "decision") this.agreement.decided(host.id, message.slot, message.value);
      return;
    }
    this.slotMessages++;
    this.uniqueness.sent(host.id, message);
  }

  /** A node applied an entry. */
  applied(host: Host, entry: LogEntry, executions: readonly Execution[]): void {
    this.agreement.applied(host, entry);
    this.executions.executed(host.id, executions);
  }

  /** A node learned a configuration. */
  configured(host: Host, configuration: Configuration): void {
    this.agreement.configured(host.id, configuration);
  }

  /** A node replaced its state. */
  restored(host: Host, snapshot: Snapshot): void {
    this.agreement.reached(host.id, snapshot.firstSlot, snapshot.chain);
  }

  /** A write was acknowledged. */
  acknowledged(slot: number): void {
    this.acknowledgedSlot = Math.max(this.acknowledgedSlot, slot);
  }
}
