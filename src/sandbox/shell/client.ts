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
  options: InvokeOptions,
) => Promise<string>;

/** How a call is sent. */
export interface InvokeOptions {
  readonly timeoutMs: number;
  readonly affinity: string | undefined;
  /** Nobody waits for the answer. */
  readonly oneWay: boolean;
}

/** A client of another slice: one function per method of its contract. */
export function createClient(contract: Contract, invoke: Invoke): Record<string, unknown> {
  const client: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(contract.methods)) {
    const timeoutMs = spec.timeoutMs ?? defaultTimeoutMs;
    const send = (input: unknown, given: CallOptions | undefined, oneWay: boolean) =>
      invoke(contract.name, name, JSON.stringify(input) ?? "null", {
        ...checked(given, timeoutMs),
        oneWay,
      });
    client[name] = Object.freeze(Object.assign(
      async (input: unknown, options?: CallOptions) =>
        JSON.parse(await send(input, options, false)),
      {
        send: async (input: unknown, options?: CallOptions) => {
          await send(input, options, true);
        },
      },
    ));
  }
  return Object.freeze(client);
}

const affinityLengthMax = 256;

function checked(options: CallOptions | undefined, defaultMs: number) {
  const timeoutMs = options?.timeoutMs ?? defaultMs;
  const affinity = options?.affinityKey;
  if (!(timeoutMs >= 0)) {
    throw new RangeError(`Option timeoutMs is ${timeoutMs}: choose 0 or more`);
  }
  if (affinity !== undefined && (affinity === "" || affinity.length > affinityLengthMax)) {
    throw new RangeError(
      `Option affinityKey has ${affinity.length} characters: choose 1 to ${affinityLengthMax}`,
    );
  }
  return { timeoutMs, affinity };
}
