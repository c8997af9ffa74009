/**
 * Exactly once: a command changes the state at one revision, the same everywhere.
 *
 * @module
 */
import type { Applied, Command } from "../../../src/protocol/store/command.ts";
import type { Execution } from "../replica.ts";
import type { Fail } from "./checkers.ts";

/** Names a command. */
export function commandId(command: Command): string {
  return `${command.node}/${command.incarnation}/${command.sequence}`;
}

/** What became of a command. */
export interface Outcome {
  /** When it was applied first, anywhere. */
  readonly at: number;
  readonly applied: Applied;
}

/** Watches what commands do. */
export class Executions {
  readonly #fail: Fail;
  readonly #now: () => number;
  readonly #revisions = new Map<string, number>();
  readonly #outcomes = new Map<string, Outcome>();

  /** @param now a number that grows with every call */
  constructor(fail: Fail, now: () => number) {
    this.#fail = fail;
    this.#now = now;
  }

  /** What became of a command; undefined while nobody has applied it. */
  outcomeOf(command: string): Outcome | undefined {
    return this.#outcomes.get(command);
  }

  /** A node applied commands. */
  executed(node: string, executions: readonly Execution[]): void {
    for (const { command, applied, revision } of executions) {
      const id = commandId(command);
      if (!this.#outcomes.has(id)) this.#outcomes.set(id, { at: this.#now(), applied });
      if (revision === undefined) continue;
      const known = this.#revisions.get(id);
      if (known === undefined) this.#revisions.set(id, revision);
      else if (known !== revision) {
        this.#fail(
          "exactly once",
          `${node} ran command ${id} at revision ${revision}; it ran at ${known} before`,
        );
      }
    }
  }
}
