/**
 * Typed clients of other slices, which `create` receives for the contracts in `needs`.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Contract, MethodSpec } from "../../sdk/contract.ts";
import { defaultTimeoutMs } from "../../sdk/describe.ts";
import type { CallOptions } from "../../sdk/slice.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import { streamOf } from "../../sdk/streams.ts";

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

/** JSON text, or the bytes of an output that lasts. */
export type InvokeAnswer = string | ReadableStream<Uint8Array>;

/** Sends a call to another slice. */
export type Invoke = (
  contract: string,
  method: string,
  inputJson: string,
  options: InvokeOptions,
) => Promise<InvokeAnswer>;

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
        outputOf(spec, await send(input, options, false)),
      {
        send: async (input: unknown, options?: CallOptions) => {
          await send(input, options, true);
        },
      },
    ));
  }
  return Object.freeze(client);
}

/** What the caller gets. */
function outputOf({ output }: MethodSpec, answer: InvokeAnswer): unknown {
  const stream = streamOf(output);
  if (typeof answer === "string") {
    if (stream === undefined) return JSON.parse(answer);
  } else if (stream?.kind === "events") return eventsOf(answer);
  else if (stream?.kind === "bytes") return answer;
  else answer.cancel();
  throw new AetherError(
    "SLICE_FAILED",
    "The called slice answers in another way than the contract says that this slice was built with",
  );
}

/** Longest event, in characters. */
const eventMax = 16 * 1024 * 1024;

/** The items of events as another shell writes them. */
function eventsOf(answer: ReadableStream<Uint8Array>): ReadableStream<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  const items = new TransformStream<Uint8Array, unknown>(
    {
      transform(piece, controller) {
        const events = (rest + decoder.decode(piece, { stream: true })).split("\n\n");
        rest = events.pop() ?? "";
        if (rest.length > eventMax) {
          throw new AetherError("SLICE_FAILED", `An event is longer than ${eventMax} characters`);
        }
        for (const event of events) controller.enqueue(JSON.parse(event.slice("data: ".length)));
      },
    },
    undefined,
    { highWaterMark: 0 },
  );
  return answer.pipeThrough(items);
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
