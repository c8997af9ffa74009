/**
 * Counts the calls that enter at this gateway, until the next report to the leader.
 *
 * @module
 */
import { Histogram } from "../../observe/histogram.ts";
import { figuresMax, type MethodFigures } from "../../protocol/slice/call_figures.ts";
import type { Answer } from "../call.ts";

const outcomesMax = 50;

interface Counted {
  readonly artifact: string;
  readonly method: string;
  calls: number;
  errors: number;
  refused: number;
  readonly times: Histogram;
  readonly outcomes: Map<string, number>;
}

/** Figures by version and method; beyond 2000 of them, calls are not counted. */
export class Figures {
  #methods = new Map<string, Map<string, Counted>>();
  #size = 0;

  /** A call has ended. */
  add(artifact: string, method: string, durationMs: number, answer: Answer): void {
    const counted = this.#of(artifact, method);
    if (counted === undefined) return;
    counted.calls++;
    counted.times.add(durationMs);
    if (answer.kind === "output" || answer.kind === "stream" || answer.kind === "socket") return;
    if (answer.kind === "problem" && answer.status < 500) counted.refused++;
    else if (answer.kind !== "aborted") counted.errors++;
  }

  /** A call that is counted by its outcome, such as "404 LINK_NOT_FOUND". */
  addOutcome(artifact: string, method: string, outcome: string): void {
    const outcomes = this.#of(artifact, method)?.outcomes;
    if (outcomes === undefined) return;
    const known = outcomes.get(outcome);
    if (known === undefined && outcomes.size >= outcomesMax) return;
    outcomes.set(outcome, (known ?? 0) + 1);
  }

  /** What was counted since the last time. */
  take(): MethodFigures[] {
    const taken = [...this.#methods.values()].flatMap((methods) => [...methods.values()]);
    this.#methods = new Map();
    this.#size = 0;
    return taken.map(({ times, outcomes, ...counted }) => ({
      ...counted,
      buckets: times.entries(),
      ...(outcomes.size === 0 ? {} : { outcomes: Object.fromEntries(outcomes) }),
    }));
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
