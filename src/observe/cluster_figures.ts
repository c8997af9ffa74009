/**
 * The figures of all nodes, added up: kept by the leader, for the last minute and since it leads.
 *
 * Pure: time is an argument. What a node sends has been checked against its schema; there are never
 * more methods and nodes than the limits.
 *
 * @module
 */
import {
  type ClusterFiguresView,
  type DownloadView,
  figuresMax,
  type FiguresReport,
} from "../protocol/slice/call_figures.ts";
import type { Health } from "../protocol/instance_state.ts";
import { Histogram } from "./histogram.ts";

const slotMs = 5_000;
const slotsMax = 12;
/** A node that has said nothing for this long says nothing of its instances. */
const healthMs = 10_000;
const nodesMax = 1_000;
const outcomesMax = 50;

interface Slot {
  readonly number: number;
  calls: number;
  errors: number;
  refused: number;
  readonly times: Histogram;
}

interface Method {
  readonly artifact: string;
  readonly method: string;
  readonly slots: Slot[];
  readonly total: { calls: number; errors: number };
  readonly outcomes: Map<string, number>;
  lastMs: number;
}

/** Adds up what nodes report. */
export class ClusterFigures {
  readonly #methods = new Map<string, Method>();
  readonly #nodes = new Map<string, { readonly atMs: number; readonly report: FiguresReport }>();
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Takes a node's report. */
  add(node: string, report: FiguresReport, nowMs: number): void {
    if (this.#nodes.has(node) || this.#nodes.size < nodesMax) {
      this.#nodes.set(node, { atMs: nowMs, report });
    }
    for (const figures of report.methods) {
      const method = this.#method(figures.artifact, figures.method, nowMs);
      if (method === undefined) continue;
      method.lastMs = nowMs;
      const slot = slotOf(method, nowMs);
      for (const name of ["calls", "errors", "refused"] as const) slot[name] += figures[name];
      slot.times.addAll(figures.buckets);
      method.total.calls += figures.calls;
      method.total.errors += figures.errors;
      for (const [outcome, count] of Object.entries(figures.outcomes ?? {})) {
        const known = method.outcomes.get(outcome);
        if (known === undefined && method.outcomes.size >= outcomesMax) continue;
        method.outcomes.set(outcome, (known ?? 0) + count);
      }
    }
  }

  /** Forgets everything: another node leads. */
  clear(nowMs: number): void {
    this.#methods.clear();
    this.#nodes.clear();
    this.#sinceMs = nowMs;
  }

  /** The sums as of now. */
  view(nowMs: number): ClusterFiguresView {
    const health: Record<string, Health> = {};
    const downloads: Record<string, DownloadView> = {};
    for (const { atMs, report } of this.#nodes.values()) {
      if (nowMs - atMs > healthMs) continue;
      for (const each of report.instances) health[each.instance] = each.health;
      for (const { instance, ...download } of report.downloads ?? []) {
        downloads[instance] = download;
      }
    }
    const windowMs = Math.min(slotMs * slotsMax, Math.max(1_000, nowMs - this.#sinceMs));
    const methods = [...this.#methods.values()].map((method) => viewOf(method, nowMs, windowMs));
    methods.sort((left, right) =>
      left.artifact < right.artifact || (left.artifact === right.artifact &&
          left.method < right.method)
        ? -1
        : 1
    );
    return { windowMs, methods, health, downloads };
  }

  #method(artifact: string, name: string, nowMs: number): Method | undefined {
    const key = `${artifact} ${name}`;
    const known = this.#methods.get(key);
    if (known !== undefined) return known;
    if (this.#methods.size >= figuresMax) this.#forgetOldest();
    const method: Method = {
      artifact,
      method: name,
      slots: [],
      total: { calls: 0, errors: 0 },
      outcomes: new Map(),
      lastMs: nowMs,
    };
    this.#methods.set(key, method);
    return method;
  }

  #forgetOldest(): void {
    let oldest: string | undefined;
    let atMs = Infinity;
    for (const [key, { lastMs }] of this.#methods) {
      if (lastMs < atMs) [oldest, atMs] = [key, lastMs];
    }
    if (oldest !== undefined) this.#methods.delete(oldest);
  }
}

function slotOf({ slots }: Method, nowMs: number): Slot {
  const number = Math.floor(nowMs / slotMs);
  const last = slots.at(-1);
  if (last?.number === number) return last;
  const slot = { number, calls: 0, errors: 0, refused: 0, times: new Histogram() };
  slots.push(slot);
  if (slots.length > slotsMax) slots.shift();
  return slot;
}

function viewOf(
  { artifact, method, slots, total, outcomes }: Method,
  nowMs: number,
  windowMs: number,
): ClusterFiguresView["methods"][number] {
  const first = Math.floor(nowMs / slotMs) - slotsMax + 1;
  const times = new Histogram();
  const sums = { calls: 0, errors: 0, refused: 0 };
  for (const slot of slots) {
    if (slot.number < first) continue;
    for (const name of ["calls", "errors", "refused"] as const) sums[name] += slot[name];
    times.addAll(slot.times.entries());
  }
  const at = (share: number) => Number(times.percentileMs(share).toPrecision(3));
  return {
    artifact,
    method,
    ...sums,
    perSecond: Number((sums.calls / windowMs * 1_000).toPrecision(4)),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    total: { ...total },
    ...(outcomes.size === 0 ? {} : { outcomes: Object.fromEntries(outcomes) }),
  };
}
