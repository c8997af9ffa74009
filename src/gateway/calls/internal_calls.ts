/**
 * Calls that the node's own threads make: due schedules of control, messages of topics.
 *
 * They take the same way as the calls of slices, with interceptors, choice and repetition; only no
 * manifest has to allow them, and what lasts long is not cut short for a client's sake. What is
 * answered says whether the call may be made again without the risk of doing it twice.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { MethodManifest } from "../../protocol/slice/manifest.ts";
import {
  type InternalCall,
  type InternalCallReply,
  type InternalCallRequest,
  internalCallsMax,
  type InternalOutcome,
} from "../../protocol/thread/internal_calls.ts";
import type { Answer, Call, Trail } from "../call.ts";
import { type CallOrigin, nestedOrigin } from "../http/call_meta.ts";
import { calleeOf, requireCallSize } from "./callee.ts";
import { callFailure } from "./failure.ts";
import type { Service } from "./service.ts";

/** What is needed to make the node's own calls. */
export interface InternalCallsOptions {
  /** Sends a call through its interceptors; rejects when one of them refuses it. */
  send(service: Service, manifest: MethodManifest, call: Call): Promise<Answer>;
  find(contract: string): Service | undefined;
  nextRequestId(): string;
  /** As of now. */
  limits(): { readonly maxBytes: number };
}

/** Makes the calls of the node's own threads. */
export class InternalCalls {
  readonly #options: InternalCallsOptions;

  constructor(options: InternalCallsOptions) {
    this.#options = options;
  }

  /** Serves a thread's port until that is closed. */
  serve(port: MessagePort): void {
    let inFlight = 0;
    let replies: InternalCallReply[] = [];
    // A message between threads costs about as much for one reply as for many.
    const flush = () => {
      port.postMessage(replies);
      replies = [];
    };
    port.onmessage = ({ data }: MessageEvent<readonly InternalCallRequest[]>) => {
      for (const { id, call } of data) {
        inFlight++;
        const outcome = inFlight > internalCallsMax
          ? Promise.resolve(tooMany(call))
          : this.call(call);
        outcome.then((outcome) => {
          inFlight--;
          if (replies.push({ id, outcome }) === 1) setImmediate(flush);
        });
      }
    };
  }

  /** Makes one call; never rejects. */
  async call(call: InternalCall): Promise<InternalOutcome> {
    const trail: Trail = { mayHaveRun: false };
    try {
      return await this.#send(call, trail);
    } catch (error) {
      return unanswered(error, trail);
    }
  }

  async #send(asked: InternalCall, trail: Trail): Promise<InternalOutcome> {
    const { find, nextRequestId, limits, send } = this.#options;
    const { contract, method, input, affinity, instance } = asked;
    const { service, manifest } = calleeOf(find, contract, method);
    const size = { contract, method, maxBytes: limits().maxBytes };
    requireCallSize("input", input, size);
    const answer = await send(service, manifest, {
      method,
      requestId: asked.requestId ?? nextRequestId(),
      remainingMs: Math.min(asked.timeoutMs, manifest.timeoutMs),
      pathParameters: null,
      query: "",
      body: input,
      meta: JSON.stringify({ ...traceOf(asked), caller: asked.origin }),
      trail,
      ...(affinity === undefined ? {} : { affinity }),
      ...(instance === undefined ? {} : { instance }),
    });
    if (answer.kind === "problem") return { kind: "problem", problem: JSON.parse(answer.body) };
    if (answer.kind !== "output") {
      return unanswered(callFailure(answer, service, method, manifest.idempotent), trail);
    }
    requireCallSize("output", answer.body, size);
    return { kind: "output", output: answer.body };
  }
}

function traceOf({ traceparent }: InternalCall): CallOrigin {
  return traceparent === undefined ? {} : nestedOrigin({ traceparent });
}

function unanswered(error: unknown, { mayHaveRun }: Trail): InternalOutcome {
  const problem = toAetherError(error).toProblem();
  return { kind: mayHaveRun ? "unknown" : "notExecuted", problem };
}

function tooMany({ contract, method }: InternalCall): InternalOutcome {
  const message = `${internalCallsMax} calls are under way already: ${contract} ${method} waits`;
  return unanswered(new AetherError("OVERLOADED", message), { mayHaveRun: false });
}
