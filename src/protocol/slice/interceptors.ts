/**
 * Interceptors: what happens around every call of a method, beside the call itself (#47).
 *
 * A slice declares them with its definition, a blueprint adds to them or replaces them, one kind at
 * a time. The gateway that a call enters runs them; `calls.interceptorsOff` switches them off while
 * the cluster runs. Times are in milliseconds.
 *
 * @module
 */
import { z } from "zod";

const durationMs = z.number("Write milliseconds").min(1).max(3_600_000);
const count = z.int("Write a whole number").min(1).max(100_000);

/** The schema of one method's interceptors; what is absent does nothing. */
const interceptorsSchema = z.strictObject({
  /** Repeats a call that failed, when its method is idempotent. */
  retry: z.strictObject({
    /** Attempts in all, the first included. */
    maxAttempts: z.int("Write a whole number").min(2).max(10).default(3),
    /** Wait before the second attempt; it doubles, with jitter, up to `maxDelayMs`. */
    delayMs: durationMs.default(100),
    maxDelayMs: durationMs.default(10_000),
  }).optional(),
  /** Refuses calls for a while after so many failures in a row. */
  circuitBreaker: z.strictObject({
    failures: count.default(5),
    /** How long calls are refused; then a single one is tried. */
    resetMs: durationMs.default(30_000),
  }).optional(),
  /** Refuses calls beyond a rate, counted by each node for the calls that enter there. */
  rateLimit: z.strictObject({
    maxRequests: count.default(100),
    windowMs: durationMs.default(60_000),
    /** Calls that may come at once beyond the steady rate; `maxRequests` unless set. */
    burst: count.optional(),
  }).optional(),
  /** Gives each attempt less time than the method's `timeoutMs`. */
  timeout: z.strictObject({ afterMs: durationMs }).optional(),
  /** Limits how many calls are under way at a time, and how many wait for their turn. */
  bulkhead: z.strictObject({
    maxConcurrent: count.default(10),
    maxQueued: z.int("Write a whole number").min(0).max(100_000).default(0),
  }).optional(),
  /** Writes a line to the node's log for every call. */
  logging: z.strictObject({
    level: z.enum(["debug", "info"]).default("info"),
  }).optional(),
  /** Counts the calls by their outcome, in `aether calls` and on `/metrics`. */
  metrics: z.strictObject({}).optional(),
});
/** See {@link interceptorsSchema}. */
export type Interceptors = z.output<typeof interceptorsSchema>;
/** What a slice writes: like {@link Interceptors} with everything that has a default left out. */
export type InterceptorsInput = z.input<typeof interceptorsSchema>;

/** Interceptors by method; "*" is for all methods that say nothing else of that kind. */
export const methodInterceptorsSchema = z.record(z.string().max(64), interceptorsSchema).refine(
  (methods) => Object.keys(methods).length <= 201,
  "There are more entries than a contract has methods",
);
/** See {@link methodInterceptorsSchema}. */
export type MethodInterceptors = z.output<typeof methodInterceptorsSchema>;

/** Name of an interceptor. */
export type InterceptorKind = keyof Interceptors;

/** What is switched on for a method at run time (#12); beside what its interceptors do. */
export const aspectModes = ["LOG", "METRICS", "LOG_AND_METRICS"] as const;
/** One of {@link aspectModes}. */
export type AspectMode = typeof aspectModes[number];

/**
 * The interceptors of a method: later sources win over earlier ones, and a method's own over "*".
 *
 * @example
 * ```ts
 * import { interceptorsOf } from "./interceptors.ts";
 * const declared = { "*": { metrics: {} }, get: { timeout: { afterMs: 50 } } };
 * const found = interceptorsOf("get", [declared, { get: { timeout: { afterMs: 99 } } }]);
 * console.assert(found.metrics !== undefined && found.timeout?.afterMs === 99);
 * ```
 */
export function interceptorsOf(
  method: string,
  sources: readonly (MethodInterceptors | undefined)[],
): Interceptors {
  const found: Interceptors = {};
  for (const source of sources) {
    if (source === undefined) continue;
    Object.assign(found, source["*"], Object.hasOwn(source, method) ? source[method] : undefined);
  }
  return found;
}

/** Whether one of the patterns, such as `org.example:echo/get/retry`, means this interceptor. */
export function isSwitchedOff(
  patterns: readonly string[],
  contract: string,
  method: string,
  kind: string,
): boolean {
  return patterns.some((pattern) => {
    const [ofContract, ofMethod, ofKind] = pattern.split("/");
    return (ofContract === "*" || ofContract === contract) &&
      (ofMethod === "*" || ofMethod === method) && (ofKind === "*" || ofKind === kind);
  });
}
