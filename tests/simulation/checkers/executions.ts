/**
 * Exactly once: a command changes the state at one revision, the same everywhere.
 *
 * @module
 */
import type { Execution } from "../replica.ts";
import type { Fail } from "./checkers.ts";

/** Watches what commands do. */
export class Executions {
  readonly #fail: Fail;
  readonly #revisions = new Map<string, number>();

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** A node applied commands. */
  executed(node: string, executions: readonly Execution[]): void {
    for (const { command, revision } of executions) {
      if (revision === undefined) continue;
      const id = `${command.node}/${command.incarnation}/${command.sequence}`;
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
