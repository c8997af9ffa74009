/**
 * The model of one key of the store: writes, deletions, compare-and-set and reads of unique values.
 *
 * @module
 */
import type { Model, Operation } from "./checker.ts";

/** A call on a key; values are unique in a history, undefined stands for "no such key". */
export type RegisterCall =
  | { readonly type: "write"; readonly value: string | undefined }
  | { readonly type: "read" }
  | {
    readonly type: "exchange";
    readonly expected: string | undefined;
    readonly value: string;
  };

/** What a call answered. */
export type RegisterResult =
  | { readonly type: "written" }
  | { readonly type: "read"; readonly value: string | undefined }
  | { readonly type: "exchanged"; readonly succeeded: boolean };

/** What the key holds. */
export type RegisterState = string | undefined;

/** One key. */
export const register: Model<{ readonly value: RegisterState }, RegisterCall, RegisterResult> = {
  initial: { value: undefined },
  step(state, call, result) {
    switch (call.type) {
      case "write":
        return { value: call.value };
      case "read":
        return result?.type !== "read" || result.value === state.value ? state : undefined;
      case "exchange": {
        const succeeds = state.value === call.expected;
        if (result?.type === "exchanged" && result.succeeded !== succeeds) return undefined;
        return succeeds ? { value: call.value } : state;
      }
    }
  },
  text: ({ value }) => value === undefined ? "-" : `=${value}`,
};

/** An operation on a key of the store. */
export type RegisterOperation = Operation<RegisterCall, RegisterResult>;

/**
 * The same history with fewer unknown outcomes, which make the search long: a write whose value was
 * seen took effect before that; one whose value nobody saw explains nothing, unless an exchange
 * failed, which it may be the reason for. Values must be unique.
 */
export function settle(history: readonly RegisterOperation[]): RegisterOperation[] {
  let settled = history;
  // An exchange that is known to have succeeded has seen a value itself.
  for (let unknown = Infinity;;) {
    settled = settleSeen(settled);
    const left = settled.filter(({ result }) => result === undefined).length;
    if (left === unknown) break;
    unknown = left;
  }
  const keysWithFailures = new Set(
    history.filter(({ result }) => result?.type === "exchanged" && !result.succeeded)
      .map(({ key }) => key),
  );
  return settled.filter(({ key, call, result }) => {
    if (result !== undefined) return true;
    if (call.type === "read") return false;
    return call.value === undefined || keysWithFailures.has(key);
  });
}

/** Gives writes whose value was seen the result that they must have had. */
function settleSeen(history: readonly RegisterOperation[]): RegisterOperation[] {
  const seenAt = new Map<string, number>();
  for (const { key, call, result, returnedAt } of history) {
    const value = seenValue(call, result);
    if (value === undefined) continue;
    const id = JSON.stringify([key, value]);
    seenAt.set(id, Math.min(returnedAt, seenAt.get(id) ?? Infinity));
  }
  return history.map((operation) => {
    const { key, call, result } = operation;
    if (result !== undefined || call.type === "read" || call.value === undefined) return operation;
    const returnedAt = seenAt.get(JSON.stringify([key, call.value]));
    return returnedAt === undefined
      ? operation
      : { ...operation, result: resultOf(call), returnedAt };
  });
}

function seenValue(call: RegisterCall, result: RegisterResult | undefined): string | undefined {
  if (result?.type === "read") return result.value;
  if (result?.type !== "exchanged" || !result.succeeded) return undefined;
  return call.type === "exchange" ? call.expected : undefined;
}

function resultOf({ type }: RegisterCall): RegisterResult {
  return type === "exchange" ? { type: "exchanged", succeeded: true } : { type: "written" };
}
