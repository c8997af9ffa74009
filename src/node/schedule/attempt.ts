/**
 * Makes a fire: calls the slice until it is known how that ended, or may be tried no more.
 *
 * What was certainly not executed is tried again until it is too late; what may have been, a few
 * times at once, under the same id. What the slice itself refuses is final.
 *
 * @module
 */
import { type Clock, pause } from "../../base/clock.ts";
import type { DeadLetter } from "../../protocol/messaging/values.ts";
import { graceMs } from "../../protocol/schedule/timing.ts";
import type { InternalCall, InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import type { FireEnd } from "../../schedule/fires.ts";
import { causeOf } from "../messaging/dead_letters.ts";

const retryMs = 1_000;
/** Attempts whose end is unknown; each may have run. */
const unknownMax = 3;

/** What making fires needs. */
export interface AttemptContext {
  readonly clock: Clock;
  /** Calls a slice; never rejects. */
  call(call: InternalCall): Promise<InternalOutcome>;
  /** Keeps what failed for good. */
  addDeadLetter(letter: DeadLetter): Promise<unknown>;
  /** Aborted when nothing more is to be tried: the node stops. */
  readonly stopping: AbortSignal;
}

/** A fire to be made. */
export interface AttemptedFire {
  readonly contract: string;
  readonly name: string;
  readonly id: string;
  readonly dueMs: number;
  /** Number of the first attempt that is made here. */
  readonly attempt: number;
  readonly isManual: boolean;
  readonly timeoutMs: number;
  /** Only this instance, on this node. */
  readonly instance?: string;
}

/** Makes a fire; undefined when the node stops before its end is known. */
export async function makeFire(
  fire: AttemptedFire,
  context: AttemptContext,
): Promise<FireEnd | undefined> {
  const { clock } = context;
  const startedAtMs = clock.wallMs();
  const giveUpAtMs = clock.monotonicMs() + graceMs;
  let { attempt } = fire;
  let unknowns = 0;
  for (;;) {
    if (context.stopping.aborted) return undefined;
    const outcome = await context.call(callOf(fire, attempt));
    const endedAtMs = clock.wallMs();
    const { id } = fire;
    if (outcome.kind === "output") {
      return { id, attempt, endedAtMs, result: "succeeded", reason: undefined };
    }
    if (mayTryAgain(outcome, fire)) {
      const isLeft = outcome.kind === "unknown"
        ? ++unknowns < unknownMax
        : clock.monotonicMs() < giveUpAtMs;
      if (isLeft) {
        if (outcome.kind === "unknown") attempt++;
        await pause(clock, retryMs, context.stopping);
        continue;
      }
    }
    if (context.stopping.aborted) return undefined;
    const cause = causeOf(outcome);
    await bury({ fire, attempt, cause, startedAtMs, endedAtMs }, context);
    const result = outcome.kind === "unknown" ? "unknown" : "failed";
    return { id, attempt, endedAtMs, result, reason: `${cause.code}: ${cause.message}` };
  }
}

function callOf(fire: AttemptedFire, attempt: number): InternalCall {
  const { contract, name, timeoutMs, instance } = fire;
  return {
    origin: "schedule",
    contract,
    method: name,
    input: inputOf(fire, attempt),
    timeoutMs,
    ...(instance === undefined ? {} : { instance }),
  };
}

function inputOf({ id, dueMs, isManual }: AttemptedFire, attempt: number): string {
  return JSON.stringify({ id, dueAtMs: dueMs, attempt, isManual });
}

function mayTryAgain(
  outcome: Exclude<InternalOutcome, { readonly kind: "output" }>,
  { instance }: AttemptedFire,
): boolean {
  // An instance that has gone does not come back.
  if (outcome.kind === "problem" || instance !== undefined) return false;
  const { name } = outcome.problem;
  // It would take too long again; or there is no such function, whatever happens.
  return name !== "DEADLINE_EXCEEDED" && name !== "CALL_REFUSED" && name !== "CALL_TOO_LARGE";
}

interface Failure {
  readonly fire: AttemptedFire;
  readonly attempt: number;
  readonly cause: DeadLetter["cause"];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** A letter that cannot be kept does not keep the schedule from going on. */
async function bury(failure: Failure, context: AttemptContext): Promise<void> {
  const { fire, attempt, cause, startedAtMs, endedAtMs } = failure;
  const letter: DeadLetter = {
    source: { kind: "schedule", schedule: fire.name, dueAtMs: fire.dueMs },
    contract: fire.contract,
    method: fire.name,
    cause,
    attempts: attempt,
    firstAttemptAtMs: startedAtMs,
    lastAttemptAtMs: endedAtMs,
    bytes: new TextEncoder().encode(inputOf(fire, attempt)).toBase64(),
  };
  try {
    await context.addDeadLetter(letter);
  } catch {
    // The record of the schedule counts the failure and has its reason.
  }
}
