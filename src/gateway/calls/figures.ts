/**
 * Counts the calls that enter at this gateway: by method until the next report, for people, and by
 * version since the gateway started, for rollouts and scaling.
 *
 * @module
 */
import { Histogram } from "../../observe/histogram.ts";
import { type CallCounts, latencyIndex, noCounts } from "../../protocol/figures.ts";
import { figuresMax, type MethodFigures } from "../../protocol/slice/call_figures.ts";
import type { Answer } from "../call.ts";

const outcomesMax = 50;
/** Versions whose totals are kept; beyond, the oldest is forgotten. */
const totalsMax = 1_000;

interface Counted {
  readonly artifact: string;
  readonly method: string;
  calls: number;
  errors: number;
  refused: number;
  readonly times: Histogram;
  readonly outcomes: Map<string, number>;
}

/** What was counted. */
export interface TakenFigures {
  /** By method, since the last time. */
  readonly methods: MethodFigures[];
  /** Totals of all versions, if there is anything new in them; they only grow. */
  readonly counts?: readonly CallCounts[];
}

/** How a call ended, as far as the version that took it goes. */
type Ending =
  | "served"
  /** By the caller's fault. */
  | "refused"
  | "failed"
  /** No instance took it: says nothing about the version, and is an error all the same. */
  | "unreached"
  /** The caller gave up: says nothing at all. */
  | "aborted";

/** Figures by version and method; beyond 2000 methods between two reports, calls are left out. */
export class Figures {
  #methods = new Map<string, Map<string, Counted>>();
  #size = 0;
  readonly #totals = new Map<string, CallCounts>();
  #hasNews = false;

  /** A call has ended. */
  add(artifact: string, method: string, durationMs: number, answer: Answer): void {
    const ending = endingOf(answer);
    this.#addTotal(artifact, durationMs, ending);
    const counted = this.#of(artifact, method);
    if (counted === undefined) return;
    counted.calls++;
    counted.times.add(durationMs);
    if (ending === "refused") counted.refused++;
    else if (ending === "failed" || ending === "unreached") counted.errors++;
  }

  /** A call that is counted by its outcome, such as "404 LINK_NOT_FOUND". */
  addOutcome(artifact: string, method: string, outcome: string): void {
    const outcomes = this.#of(artifact, method)?.outcomes;
    if (outcomes === undefined) return;
    const known = outcomes.get(outcome);
    if (known === undefined && outcomes.size >= outcomesMax) return;
    outcomes.set(outcome, (known ?? 0) + 1);
  }

  /** What was counted. */
  take(): TakenFigures {
    const taken = [...this.#methods.values()].flatMap((methods) => [...methods.values()]);
    this.#methods = new Map();
    this.#size = 0;
    const methods = taken.map(({ times, outcomes, ...counted }) => ({
      ...counted,
      buckets: times.entries(),
      ...(outcomes.size === 0 ? {} : { outcomes: Object.fromEntries(outcomes) }),
    }));
    if (!this.#hasNews) return { methods };
    this.#hasNews = false;
    return { methods, counts: [...this.#totals.values()] };
  }

  #addTotal(artifact: string, durationMs: number, ending: Ending): void {
    if (ending === "unreached" || ending === "aborted") return;
    const total = this.#totals.get(artifact) ?? this.#begin(artifact);
    total.requests++;
    if (ending === "failed") total.errors++;
    const index = latencyIndex(durationMs);
    total.latencies[index] = (total.latencies[index] ?? 0) + 1;
    this.#hasNews = true;
  }

  #begin(artifact: string): CallCounts {
    const [oldest] = this.#totals.keys();
    if (this.#totals.size >= totalsMax && oldest !== undefined) this.#totals.delete(oldest);
    const total = noCounts(artifact);
    this.#totals.set(artifact, total);
    return total;
  }

  #of(artifact: string, method: string): Counted | undefined {
    const known = this.#methods.get(artifact)?.get(method);
    if (known !== undefined || this.#size >= figuresMax) return known;
    const counts = { calls: 0, errors: 0, refused: 0 };
    const counted = { artifact, method, ...counts, times: new Histogram(), outcomes: new Map() };
    const methods = this.#methods.get(artifact) ?? new Map<string, Counted>();
    this.#methods.set(artifact, methods.set(method, counted));
    this.#size++;
    return counted;
  }
}

function endingOf(answer: Answer): Ending {
  switch (answer.kind) {
    case "output":
    case "stream":
    case "socket":
      return "served";
    case "problem":
      return answer.status < 500 ? "refused" : "failed";
    case "lost":
    case "timeout":
      return "failed";
    case "notHosted":
    case "full":
      return "unreached";
    case "aborted":
      return "aborted";
  }
}
