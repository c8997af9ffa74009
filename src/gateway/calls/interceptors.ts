/**
 * Runs the interceptors of methods around their calls (#47), and what is switched on of them (#12).
 *
 * From the outside to the inside: logging, metrics, rate limit, bulkhead, circuit breaker, retry,
 * timeout. A method without any costs one look-up. State such as a circuit lives as long as the
 * settings of its interceptor stay the same. Limits count the calls that enter at this node.
 *
 * @module
 */
import {
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhenResult,
  type IPolicy,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  retry,
} from "cockatiel";
import { AetherError } from "../../base/errors.ts";
import { TokenBucket } from "../../policy/token_bucket.ts";
import {
  type InterceptorKind,
  type Interceptors as Settings,
  interceptorsOf,
  isSwitchedOff,
} from "../../protocol/slice/interceptors.ts";
import type { MethodManifest } from "../../protocol/slice/manifest.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Answer, Call } from "../call.ts";
import type { Service, Version } from "./service.ts";

/** What running interceptors needs. */
export interface InterceptorsOptions {
  readonly log: Logger | undefined;
  send(service: Service, manifest: MethodManifest, call: Call): Promise<Answer>;
  /** Counts a call of a version's method by its outcome, such as "404 LINK_NOT_FOUND". */
  count(artifact: string, method: string, outcome: string): void;
}

/** Status of CALL_TOO_DEEP (RFC 5842 section 7.2). */
const loopDetected = 508;

type Send = (manifest: MethodManifest, call: Call) => Promise<Answer>;
type Wrap = (next: Send) => Send;

/** The interceptors of all methods; see the module's text. */
export class Interceptors {
  readonly #options: InterceptorsOptions;
  #off: readonly string[] = [];
  #chains = new Map<Service, Map<string, Send | undefined>>();
  /** What has state, by contract, method, kind and settings. */
  readonly #wraps = new Map<string, Wrap>();

  constructor(options: InterceptorsOptions) {
    this.#options = options;
  }

  /** Switches off what these patterns mean, and everything else on. */
  switchOff(patterns: readonly string[]): void {
    if (patterns.join() === this.#off.join()) return;
    this.#off = patterns;
    this.#chains = new Map();
  }

  /** The routes have changed: settings are read again at the next call. */
  refresh(services: ReadonlySet<Service>): void {
    this.#chains = new Map();
    const contracts = new Set([...services].map(({ contract }) => contract));
    for (const key of this.#wraps.keys()) {
      if (!contracts.has(key.slice(0, key.indexOf("/")))) this.#wraps.delete(key);
    }
  }

  /**
   * Sends a call through the interceptors of its method.
   *
   * @throws {AetherError} RATE_LIMITED, OVERLOADED or CIRCUIT_OPEN: it was not sent.
   */
  send(service: Service, manifest: MethodManifest, call: Call): Promise<Answer> {
    const chain = this.#chain(service, call.method);
    return chain === undefined
      ? this.#options.send(service, manifest, call)
      : chain(manifest, call);
  }

  #chain(service: Service, method: string): Send | undefined {
    let ofService = this.#chains.get(service);
    if (ofService === undefined) this.#chains.set(service, ofService = new Map());
    if (ofService.has(method)) return ofService.get(method);
    const chain = this.#build(service, method);
    ofService.set(method, chain);
    return chain;
  }

  #build(service: Service, method: string): Send | undefined {
    const { contract } = service;
    const settings = settingsOf(service, method);
    const kinds = kindsInsideOut.filter((kind) =>
      settings[kind] !== undefined && !isSwitchedOff(this.#off, contract, method, kind)
    );
    if (kinds.length === 0) return undefined;
    let send: Send = (manifest, call) => this.#options.send(service, manifest, call);
    for (const kind of kinds) send = this.#wrap(service, method, kind, settings)(send);
    return send;
  }

  #wrap(service: Service, method: string, kind: InterceptorKind, settings: Settings): Wrap {
    const { contract } = service;
    const key = `${contract}/${method}/${kind}/${JSON.stringify(settings[kind])}`;
    let wrap = this.#wraps.get(key);
    if (wrap === undefined) {
      // The former settings of this kind, and with them what was counted, are history.
      const former = key.slice(0, key.indexOf("/", `${contract}/${method}/`.length) + 1);
      for (const each of this.#wraps.keys()) if (each.startsWith(former)) this.#wraps.delete(each);
      const name = `${contract} ${method}`;
      const artifact = () => mainVersion(service)?.routed.artifact ?? contract;
      wrap = makeWrap(kind, settings, { name, artifact, contract, method }, this.#options);
      this.#wraps.set(key, wrap);
    }
    return wrap;
  }
}

const kindsInsideOut: readonly InterceptorKind[] = [
  "timeout",
  "retry",
  "circuitBreaker",
  "bulkhead",
  "rateLimit",
  "metrics",
  "logging",
];

/** Declared and configured interceptors, and what is switched on at run time. */
function settingsOf(service: Service, method: string): Settings {
  const version = mainVersion(service);
  if (version === undefined) return {};
  const { interceptors = [], aspects = {} } = version.routed;
  const settings = interceptorsOf(method, interceptors);
  const mode = Object.hasOwn(aspects, method) ? aspects[method] : aspects["*"];
  if (mode === "LOG" || mode === "LOG_AND_METRICS") settings.logging ??= { level: "info" };
  if (mode === "METRICS" || mode === "LOG_AND_METRICS") settings.metrics ??= {};
  return settings;
}

function mainVersion(service: Service): Version | undefined {
  return [...service.versions].sort((left, right) => right.weight - left.weight)[0];
}

interface Named {
  readonly name: string;
  /** Of the version that has most of the calls. */
  artifact(): string;
  readonly contract: string;
  readonly method: string;
}

function makeWrap(
  kind: InterceptorKind,
  settings: Settings,
  named: Named,
  options: InterceptorsOptions,
): Wrap {
  switch (kind) {
    case "timeout":
      return timeoutWrap(settings.timeout?.afterMs ?? Infinity);
    case "retry":
      return retryWrap(settings.retry);
    case "circuitBreaker":
      return policyWrap(breaker(settings.circuitBreaker), named);
    case "bulkhead": {
      const { maxConcurrent = 10, maxQueued = 0 } = settings.bulkhead ?? {};
      return policyWrap(bulkhead(maxConcurrent, maxQueued), named);
    }
    case "rateLimit":
      return rateLimitWrap(settings.rateLimit, named);
    case "metrics":
      return aroundWrap((_call, outcome) => options.count(named.artifact(), named.method, outcome));
    case "logging":
      return loggingWrap(settings.logging?.level ?? "info", named, options.log);
  }
}

function timeoutWrap(afterMs: number): Wrap {
  return (next) => (manifest, call) =>
    next(manifest, { ...call, remainingMs: Math.min(call.remainingMs, afterMs) });
}

function retryWrap(settings: Settings["retry"]): Wrap {
  const { maxAttempts = 3, delayMs = 100, maxDelayMs = 10_000 } = settings ?? {};
  const policy = retry(handleWhenResult((answer) => isFailure(answer as Answer)), {
    // The library counts those after the first.
    maxAttempts: maxAttempts - 1,
    backoff: new ExponentialBackoff({ initialDelay: delayMs, maxDelay: maxDelayMs }),
  });
  return (next) => (manifest, call) => {
    const { body, caller } = call;
    if (!manifest.idempotent || body instanceof ReadableStream) return next(manifest, call);
    const untilMs = performance.now() + call.remainingMs;
    return policy.execute(() => {
      const remainingMs = untilMs - performance.now();
      const isGone = caller?.signal.aborted === true;
      if (isGone) return Promise.resolve<Answer>({ kind: "aborted" });
      if (remainingMs <= 0) return Promise.resolve<Answer>({ kind: "timeout" });
      return next(manifest, { ...call, remainingMs });
    });
  };
}

function breaker(settings: Settings["circuitBreaker"]): IPolicy {
  const { failures = 5, resetMs = 30_000 } = settings ?? {};
  return circuitBreaker(handleWhenResult((answer) => isFailure(answer as Answer)), {
    halfOpenAfter: resetMs,
    breaker: new ConsecutiveBreaker(failures),
  });
}

function policyWrap(policy: IPolicy, { name }: Named): Wrap {
  return (next) => async (manifest, call) => {
    try {
      return await policy.execute(() => next(manifest, call));
    } catch (error) {
      if (isBrokenCircuitError(error)) {
        throw new AetherError("CIRCUIT_OPEN", `${name} failed too often and is given a rest`);
      }
      if (isBulkheadRejectedError(error)) {
        throw new AetherError("OVERLOADED", `${name} has as many calls under way as it may`);
      }
      throw error;
    }
  };
}

function rateLimitWrap(settings: Settings["rateLimit"], { name }: Named): Wrap {
  const { maxRequests = 100, windowMs = 60_000, burst } = settings ?? {};
  const limits = { capacity: burst ?? maxRequests, perSecond: maxRequests / windowMs * 1_000 };
  const bucket = new TokenBucket(limits, performance.now());
  return (next) => (manifest, call) => {
    const now = performance.now();
    if (bucket.take(now)) return next(manifest, call);
    const waitMs = Math.ceil(bucket.waitMs(now));
    return Promise.reject(
      new AetherError(
        "RATE_LIMITED",
        `${name} takes ${maxRequests} calls in ${windowMs} ms: the next in ${waitMs} ms`,
      ),
    );
  };
}

function loggingWrap(level: "debug" | "info", named: Named, log: Logger | undefined): Wrap {
  const { contract, method } = named;
  return aroundWrap(({ requestId }, outcome, durationMs) => {
    const rounded = Math.round(durationMs * 100) / 100;
    log?.[level]("A call", { contract, method, requestId, outcome, durationMs: rounded });
  });
}

/** Tells how each call ended. */
function aroundWrap(onEnd: (call: Call, outcome: string, durationMs: number) => void): Wrap {
  return (next) => async (manifest, call) => {
    const startMs = performance.now();
    try {
      const answer = await next(manifest, call);
      onEnd(call, outcomeOf(answer), performance.now() - startMs);
      return answer;
    } catch (error) {
      const outcome = error instanceof AetherError ? `${error.status} ${error.name}` : "500";
      onEnd(call, outcome, performance.now() - startMs);
      throw error;
    }
  };
}

/** Whether a call failed through no fault of the caller. */
function isFailure(answer: Answer): boolean {
  switch (answer.kind) {
    case "problem":
      // Calls in a circle do not end by going round it again.
      return answer.status >= 500 && answer.status !== loopDetected;
    case "lost":
    case "timeout":
    case "notHosted":
      return true;
    default:
      return false;
  }
}

function outcomeOf(answer: Answer): string {
  if (answer.kind === "output" || answer.kind === "stream") return String(answer.status);
  if (answer.kind !== "problem") return answer.kind;
  const code = /"code":"([A-Z0-9_]{1,64})"/.exec(answer.body.slice(0, 2_000))?.[1];
  return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
}
