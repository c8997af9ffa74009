/**
 * Assertions that stay on in production.
 *
 * A failed assertion is a bug in Aether, never a user's mistake: it throws {@link InvariantError},
 * which ends the thread that noticed it. For mistakes of users and of the outside world see
 * `errors.ts`.
 *
 * @module
 */

/** A broken invariant: a bug in Aether itself. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/**
 * Throws {@link InvariantError} unless the condition holds.
 *
 * @example
 * ```ts
 * import { assert } from "./assert.ts";
 * assert(1 + 1 === 2, "Arithmetic is broken");
 * ```
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Marks a branch that the types say cannot be reached; throws when it is. */
export function unreachable(value: never): never {
  throw new InvariantError(`Unreachable value: ${JSON.stringify(value)}`);
}
