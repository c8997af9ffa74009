/**
 * Sends a call until one target has surely or possibly executed it, or nothing more may be tried.
 *
 * A call is repeated only when it was certainly not executed, or when its method is idempotent; at
 * once on another target, later with growing waits, and only while the contract's retry budget
 * lasts, so that an outage is not made worse. Callers are the HTTP side and the slices' own calls.
 *
 * @module
 */
import { backoffMs } from "../../policy/backoff.ts";
import type { MethodManifest } from "../../protocol/slice/manifest.ts";
import type { Answer, Call, CallTarget } from "../call.ts";
import type { Picked, Service } from "./service.ts";

/** Targets that one call is sent to at most. */
const attemptsMax = 4;
const backoff = { firstMs: 20, maxMs: 200 };
/** A call with less time than this that runs out of it says nothing about its instance. */
const fairTimeoutMs = 1_000;

/** What calling needs of the surroundings. */
export interface CallsOptions {
  /** The service of a contract as of now: routes may change while a call waits. */
  find(contract: string): Service | undefined;
  /** 0 to 1. */
  random(): number;
  sleep(durationMs: number): Promise<void>;
  /** A call has ended, after so long, with this answer of this version. */
  onEnd?(artifact: string, method: string, durationMs: number, answer: Answer): void;
}

/** Calls instances for callers; see the module's text. */
export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** The final answer of a call; never rejects. */
  async send(service: Service, manifest: MethodManifest, call: Call): Promise<Answer> {
    const startMs = performance.now();
    const picked = service.pick(call.method, undefined, call);
    if (typeof picked !== "object") {
      const answer: Answer = { kind: picked === "full" ? "full" : "notHosted" };
      const artifact = service.versions[0]?.routed.artifact;
      if (artifact !== undefined) this.#options.onEnd?.(artifact, call.method, 0, answer);
      return answer;
    }
    service.earnRetries();
    let last = picked;
    let answer = await this.#attempt(picked, call, startMs);
    if (mayRepeat(answer, manifest)) {
      ({ answer, last } = await this.#repeat(service, manifest, call, { startMs, answer, last }));
    }
    const { artifact } = last.version.routed;
    this.#options.onEnd?.(artifact, call.method, performance.now() - startMs, answer);
    return answer;
  }

  async #repeat(
    service: Service,
    manifest: MethodManifest,
    call: Call,
    so: { readonly startMs: number; readonly answer: Answer; readonly last: Picked },
  ): Promise<{ answer: Answer; last: Picked }> {
    const untilMs = so.startMs + call.remainingMs;
    const tried = new Set<CallTarget>([so.last.target]);
    let { answer, last } = so;
    let current: Service = service;
    for (let attempt = 2; attempt <= attemptsMax; attempt++) {
      if (!current.retries.take(performance.now())) break;
      let picked = current.pick(call.method, tried, call);
      if (typeof picked !== "object") {
        // Others are full: that is what the client is told, and nothing queues up.
        if (picked === "full") return { answer: { kind: "full" }, last };
        if (answer.kind === "full") break;
        // Everything was tried: the routes may be about to change.
        await this.#options.sleep(backoffMs(backoff, attempt - 1, this.#options.random()));
        tried.clear();
        current = this.#options.find(current.contract) ?? current;
        picked = current.pick(call.method, undefined, call);
        if (typeof picked !== "object") continue;
      }
      const remainingMs = untilMs - performance.now();
      if (remainingMs <= 0) return { answer: { kind: "timeout" }, last };
      if (call.caller?.signal.aborted) return { answer: { kind: "aborted" }, last };
      tried.add(picked.target);
      last = picked;
      answer = await this.#attempt(picked, { ...call, remainingMs }, performance.now());
      if (!mayRepeat(answer, manifest)) break;
    }
    return { answer, last };
  }

  async #attempt({ target }: Picked, call: Call, nowMs: number): Promise<Answer> {
    const { circuit } = target;
    if (!circuit.isPristine) circuit.started(nowMs);
    const answer = await target.call(call).answer;
    note(target, answer, call.remainingMs, this.#options.random);
    if (call.trail !== undefined && answer.kind !== "notHosted" && answer.kind !== "full") {
      call.trail.mayHaveRun = true;
    }
    return answer;
  }
}

/** Tells the target's circuit how a call ended. */
export function note(
  target: CallTarget,
  answer: Answer,
  allowedMs: number,
  random: () => number,
): void {
  const { circuit } = target;
  switch (answer.kind) {
    case "output":
    case "problem":
      if (!circuit.isPristine) circuit.succeeded();
      break;
    case "lost":
    case "notHosted":
      circuit.failed(performance.now(), random());
      break;
    case "timeout":
      if (allowedMs >= fairTimeoutMs) circuit.failed(performance.now(), random());
      else circuit.ended();
      break;
    default:
      circuit.ended();
  }
}

/** Whether a call with this answer may be sent again without the risk of doing it twice. */
function mayRepeat({ kind }: Answer, manifest: MethodManifest): boolean {
  return kind === "notHosted" || kind === "full" || (kind === "lost" && manifest.idempotent);
}
