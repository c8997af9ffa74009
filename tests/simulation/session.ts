/**
 * What the clients of a simulated node wait for in one of its lives: commands, and the batches that
 * carry them.
 *
 * @module
 */
import type { Applied, Command, Transaction } from "../../src/protocol/store/command.ts";
import type { LoadOptions } from "./options.ts";
import type { BatchContent, MembersChange } from "./replica.ts";

/** How an operation of a client ended. */
export type Answer =
  | { readonly type: "applied"; readonly applied: Applied }
  | { readonly type: "unknown" };

type Answers = (answer: Answer) => void;

/** Commands of one life of a node. */
export class Session {
  readonly #node: string;
  readonly #life: number;
  readonly #load: LoadOptions;
  readonly #pending = new Map<number, Answers>();
  readonly #underWay = new Set<string>();
  #queue: Command[] = [];
  #changes: MembersChange[] = [];
  #sequence = 0;

  constructor(node: string, life: number, load: LoadOptions) {
    this.#node = node;
    this.#life = life;
    this.#load = load;
  }

  /** Whether nothing waits. */
  get isIdle(): boolean {
    return this.#pending.size === 0 && this.#queue.length === 0 && this.#changes.length === 0;
  }

  /** Adds a command; `answer` is called once. */
  add(transaction: Transaction, answer: Answers): Command {
    const sequence = ++this.#sequence;
    const command: Command = {
      node: this.#node,
      incarnation: this.#life,
      sequence,
      acknowledgedBelow: this.#pending.keys().next().value ?? sequence,
      writer: "user",
      transaction,
    };
    this.#pending.set(sequence, answer);
    this.#queue.push(command);
    return command;
  }

  /** Adds a change of the members. */
  change(change: MembersChange): void {
    this.#changes.push(change);
  }

  /** What the next batch carries; undefined while nothing waits or enough is under way. */
  cut(): BatchContent | undefined {
    if (this.#underWay.size >= this.#load.batchesUnderWay) return undefined;
    const change = this.#changes.shift();
    const commands = this.#queue.splice(0, this.#load.batchMax);
    if (commands.length === 0 && change === undefined) return undefined;
    return { node: this.#node, commands, change };
  }

  /** A batch was submitted. */
  submitted(digest: string): void {
    this.#underWay.add(digest);
  }

  /** A batch was applied. */
  applied(digest: string): void {
    this.#underWay.delete(digest);
  }

  /** A batch was refused: its commands never happen. */
  refused(digest: string, { commands }: BatchContent): void {
    this.#underWay.delete(digest);
    for (const { sequence } of commands) this.#answer(sequence, { type: "unknown" });
  }

  /** A command was applied; answers whether somebody waited for it. */
  executed({ node, incarnation, sequence }: Command, applied: Applied): boolean {
    if (node !== this.#node || incarnation !== this.#life) return false;
    return this.#answer(sequence, { type: "applied", applied });
  }

  /** What becomes of the commands cannot be told any more. */
  forget(): void {
    for (const sequence of [...this.#pending.keys()]) this.#answer(sequence, { type: "unknown" });
  }

  #answer(sequence: number, answer: Answer): boolean {
    const waiting = this.#pending.get(sequence);
    this.#pending.delete(sequence);
    waiting?.(answer);
    return waiting !== undefined;
  }
}
