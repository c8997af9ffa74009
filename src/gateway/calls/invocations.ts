/**
 * Calls that slices make: what an instance asks for on its port, and what it is answered.
 *
 * Everything in a request is hostile input. What the caller is, is known from its port; of what it
 * says of the call, only the trace, the client and how to send it are taken over.
 *
 * @module
 */
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { MethodManifest } from "../../protocol/slice/manifest.ts";
import type { Caller } from "../../protocol/thread/threads.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Answer, Call, OpenStream } from "../call.ts";
import { type CallOrigin, nestedOrigin } from "../http/call_meta.ts";
import type { InstanceLink, InvokeRequest } from "../instance_link.ts";
import { type Callee, calleeOf, requireCallSize } from "./callee.ts";
import { callFailure } from "./failure.ts";
import type { Service } from "./service.ts";
import { saidVariants, variantOf, type Variants, withVariants } from "./split.ts";

const affinityLengthMax = 256;

/** What is needed to answer the calls of slices. */
export interface InvocationsOptions {
  readonly log: Logger | undefined;
  /** Sends a call through its interceptors; rejects when one of them refuses it. */
  send(service: Service, manifest: MethodManifest, call: Call): Promise<Answer>;
  find(contract: string): Service | undefined;
  nextRequestId(): string;
  /** As of now. */
  limits(): { readonly answerMs: number; readonly maxBytes: number; readonly maxDepth: number };
}

interface Output {
  readonly status: number;
  readonly body: string;
}

/** Answers the calls that instances on this node make. */
export class Invocations {
  readonly #options: InvocationsOptions;
  /** Calls of one request say the same, one after another. */
  #lastRead: { readonly text: string; readonly meta: InvokeMeta } = { text: "", meta: {} };

  constructor(options: InvocationsOptions) {
    this.#options = options;
  }

  /** Takes a call of an instance; its answer goes back on the same link. */
  take(link: InstanceLink, caller: Caller, request: InvokeRequest): void {
    this.#invoke(caller, request).then(
      (answer) => {
        if ("kind" in answer) link.replyStream(request.id, answer);
        else link.reply(request.id, true, answer.status, answer.body);
      },
      (error: unknown) => {
        const { status, body } = error instanceof ProblemAnswer ? error : problemOf(error, request);
        link.reply(request.id, false, status, body);
      },
    );
  }

  async #invoke(caller: Caller, request: InvokeRequest): Promise<Output | OpenStream> {
    const { nextRequestId, limits } = this.#options;
    const { service, manifest } = this.#callee(caller, request);
    this.#requireSize("input", request.input, request);
    const { affinity, oneWay, origin, variants, depth = 1 } = this.#read(request.meta);
    this.#requireDepth(depth, request);
    const requestId = request.requestId === "" ? nextRequestId() : request.requestId;
    const variant = variants?.[service.contract] ??
      (service.split === undefined ? undefined : variantOf(service, requestId));
    const call: Call = {
      method: request.method,
      requestId,
      ...(variant === undefined ? {} : { variant }),
      remainingMs: Math.min(request.timeoutMs, manifest.timeoutMs, limits().answerMs),
      pathParameters: null,
      query: "",
      body: request.input,
      meta: withVariants(
        `{${origin ?? ""}"depth":${depth + 1},"caller":${JSON.stringify(caller.contract)}}`,
        variants,
      ),
      ...(affinity === undefined ? {} : { affinity }),
    };
    if (oneWay && manifest.stream !== undefined) {
      const what = `${request.contract} ${request.method} answers with a stream`;
      throw new AetherError("CALL_REFUSED", `${what}: call it without send()`);
    }
    if (oneWay) return this.#sendOneWay(service, manifest, call);
    const answer = await this.#options.send(service, manifest, call);
    if (answer.kind === "output") {
      const { status, body } = answer;
      this.#requireSize("output", body, request);
      return { status, body };
    }
    if (answer.kind === "stream") return answer;
    if (answer.kind === "problem") throw new ProblemAnswer(answer.status, answer.body);
    throw callFailure(answer, service, request.method, manifest.idempotent);
  }

  #read(text: string): InvokeMeta {
    if (text === "") return {};
    if (this.#lastRead.text !== text) this.#lastRead = { text, meta: readInvokeMeta(text) };
    return this.#lastRead.meta;
  }

  /** The method that a slice calls, if it may. */
  #callee(
    caller: Caller,
    { contract, method }: InvokeRequest,
  ): Callee {
    if (!caller.calls.includes(contract)) {
      throw new AetherError(
        "CALL_REFUSED",
        `${caller.contract} calls ${contract}, which it does not declare to need`,
      );
    }
    const callee = calleeOf(this.#options.find, contract, method, true);
    if (callee.manifest.trigger === undefined) return callee;
    throw new AetherError(
      "CALL_REFUSED",
      `${contract} ${method} is called by the cluster only: it serves a topic or a schedule`,
    );
  }

  /** Answers as soon as the call is on its way; how it ends is only logged. */
  #sendOneWay(service: Service, manifest: MethodManifest, call: Call): Output {
    const { send, log } = this.#options;
    const { method, requestId } = call;
    if (!service.hasRoom(method)) {
      const kind = service.hasTarget(method) ? "full" : "notHosted";
      throw callFailure({ kind }, service, method, manifest.idempotent);
    }
    const { contract } = service;
    const warn = (reason: string) =>
      log?.warn("A call that nobody waits for failed", { contract, method, requestId, reason });
    send(service, manifest, call).then((answer) => {
      if (answer.kind === "output") return;
      const reason = answer.kind === "problem"
        ? answer.body.slice(0, 1_000)
        : callFailure(answer, service, method, manifest.idempotent).message;
      warn(reason);
    }, (error: unknown) => warn(toAetherError(error).message));
    return { status: 202, body: "null" };
  }

  #requireDepth(depth: number, { contract, method }: InvokeRequest): void {
    const { maxDepth } = this.#options.limits();
    if (depth < maxDepth) return;
    throw new AetherError(
      "CALL_TOO_DEEP",
      `The call of ${contract} ${method} is inside ${depth} others; calls.maxDepth is ${maxDepth}`,
    );
  }

  #requireSize(what: "input" | "output", text: string, { contract, method }: InvokeRequest): void {
    const { maxBytes } = this.#options.limits();
    requireCallSize(what, text, { contract, method, maxBytes });
  }
}

/** What is taken over of what a slice says of its call. */
interface InvokeMeta {
  readonly affinity?: string;
  readonly oneWay?: boolean;
  readonly variants?: Variants;
  readonly depth?: number;
  /** JSON of {@link CallOrigin} without its braces, and a comma; absent when it says nothing. */
  readonly origin?: string;
}

function readInvokeMeta(text: string): InvokeMeta {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) return {};
  const { affinity, oneWay, variants, depth } = parsed as Record<string, unknown>;
  const said = saidVariants(variants);
  const hasKey = typeof affinity === "string" && affinity !== "" &&
    affinity.length <= affinityLengthMax;
  return {
    ...(hasKey ? { affinity } : {}),
    ...(oneWay === true ? { oneWay } : {}),
    ...(said === undefined ? {} : { variants: said }),
    ...(Number.isSafeInteger(depth) && Number(depth) > 0 ? { depth: Number(depth) } : {}),
    ...originOf(nestedOrigin(parsed)),
  };
}

function originOf(origin: CallOrigin): Pick<InvokeMeta, "origin"> {
  const json = JSON.stringify(origin);
  return json === "{}" ? {} : { origin: `${json.slice(1, -1)},` };
}

/** A problem that the called slice answered, on its way to the calling one. */
class ProblemAnswer {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    this.status = status;
    this.body = body;
  }
}

function problemOf(error: unknown, { requestId }: InvokeRequest): Output {
  const known = toAetherError(error);
  return { status: known.status, body: JSON.stringify(known.toProblem(requestId)) };
}
