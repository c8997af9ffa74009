/**
 * The time limits of calls that follow from the configuration.
 *
 * A module of its own: the gateway needs these and not the schema of the configuration.
 *
 * @module
 */

/** The keys that they follow from. */
export interface DeadlineKeys {
  readonly app: { readonly requestTimeoutMs: number };
  readonly calls: {
    readonly answerTimeoutMs?: number | undefined;
    readonly forwardTimeoutMs?: number | undefined;
  };
}

/** How long who waits for a call, from the outside to the inside; in milliseconds. */
export interface CallDeadlines {
  /** The client of an application. */
  readonly clientMs: number;
  /** The gateway for an instance. */
  readonly answerMs: number;
  /** The gateway for a sign of life of another node. */
  readonly forwardMs: number;
}

/** The nested time limits of calls; each is shorter than the one around it. */
export function callDeadlines({ app, calls }: DeadlineKeys): CallDeadlines {
  const clientMs = app.requestTimeoutMs;
  const answerMs = calls.answerTimeoutMs ?? clientMs * 0.9;
  const forwardMs = calls.forwardTimeoutMs ?? Math.min(1_000, answerMs / 2);
  return { clientMs, answerMs, forwardMs };
}
