/**
 * The model of one key of the store: writes, deletions, compare-and-set and reads of unique values.
 *
 * @module
 */
import type { Model } from "./checker.ts";

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
