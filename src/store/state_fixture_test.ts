import type { Command, KeyOperation, Operation } from "../protocol/store/command.ts";

/** Options of a store that is large enough. */
export const roomy = { maxBytes: 1_000_000 };

/** Text to bytes. */
export const utf8 = new TextEncoder();

/** Writes a key. */
export function put(key: string, value = "v", contentType = "text/plain"): KeyOperation {
  return { type: "put", key, value: utf8.encode(value), contentType };
}

/** Deletes a key. */
export function remove(key: string): KeyOperation {
  return { type: "delete", key };
}

let nextSequence = 1;

/** A command with a number of its own, unless one is given. */
export function command(then: readonly Operation[], changes: Partial<Command> = {}): Command {
  const sequence = nextSequence++;
  return {
    node: "n1",
    incarnation: 1,
    sequence,
    acknowledgedBelow: 0,
    writer: "user",
    transaction: { compare: [], then, otherwise: [] },
    ...changes,
  };
}
