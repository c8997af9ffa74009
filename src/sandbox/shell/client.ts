/**
 * Typed clients of other slices, which `create` receives for the contracts in `needs`.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Contract } from "../../sdk/contract.ts";
import { defaultTimeoutMs } from "../../sdk/describe.ts";
import type { CallOptions } from "../../sdk/slice.ts";
import { SliceError } from "../../sdk/slice_error.ts";

/** The error that the JSON of a problem stands for, whatever another slice has made of it. */
export function problemToError(json: string): Error {
  try {
    const problem: unknown = JSON.parse(json);
    if (typeof problem === "object" && problem !== null) {
      return SliceError.fromProblem(problem) ?? AetherError.fromProblem(problem);
    }
  } catch {
    // Said below: it is the called slice's fault, not the caller's.
  }
  return new AetherError("SLICE_FAILED", "The called slice answered neither output nor problem");
}

/** Sends a call to another slice; resolves with JSON text. */
export type Invoke = (
  contract: string,
  method: string,
  inputJson: string,
  timeoutMs: number,
) => Promise<string>;

/** A client of another slice: one function per method of its contract. */
export function createClient(contract: Contract, invoke: Invoke): Record<string, unknown> {
  const client: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(contract.methods)) {
    client[name] = async (input: unknown, options: CallOptions = {}) => {
      const timeoutMs = options.timeoutMs ?? spec.timeoutMs ?? defaultTimeoutMs;
      if (!(timeoutMs >= 0)) {
        throw new RangeError(`Option timeoutMs is ${timeoutMs}: choose 0 or more`);
      }
      const text = JSON.stringify(input ?? null) ?? "null";
      return JSON.parse(await invoke(contract.name, name, text, timeoutMs));
    };
  }
  return Object.freeze(client);
}
