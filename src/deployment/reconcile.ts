/**
 * The reconciler: what to start and stop so that what runs becomes what is wanted.
 *
 * A function of what is known now; it remembers nothing, so it may be called at any time and
 * again. It starts before it stops, and by its own actions never takes a target below
 * `minAvailable` ACTIVE instances. The leader calls it after every change and at `wakeAtMs`, writes
 * the actions into the store, and shows the trace to who asks why something does not run.
 *
 * @module
 */
import { artifactBase } from "../protocol/coordinates.ts";
import { type Load, sharesOf } from "./placement.ts";
import { retryAtMs, type RetryLimits } from "./states.ts";
import { type Instance, isActive, isPresent, type Target } from "./targets.ts";

/** Life cycle of a node. */
export type NodeLifecycle =
  | "JOINING"
  | "ON_DUTY"
  | "DRAINING"
  | "DECOMMISSIONED"
  | "SHUTTING_DOWN";

/** Limits of the reconciler. */
export interface ReconcileLimits extends RetryLimits {
  /** Most instances of one artifact version on a node. */
  readonly instancesPerNode: number;
}

/** Everything that a decision depends on. */
export interface ReconcileInput {
  /** What should run, one target per base, in load order. */
  readonly targets: readonly Target[];
  readonly instances: readonly Instance[];
  /** Live members; instances on any other node are gone. */
  readonly nodes: readonly { readonly id: string; readonly lifecycle: NodeLifecycle }[];
  /** Now, on the clock of `failedAtMs`. */
  readonly nowMs: number;
  readonly limits: ReconcileLimits;
}

/** Starts instance `n` of an artifact on a node; an attempt above 1 is a retry of a failed one. */
export interface StartAction {
  readonly type: "start";
  readonly artifact: string;
  readonly node: string;
  readonly n: number;
  readonly attempt: number;
}

/** Ends an instance; of a node that is gone, only the record is left to be removed. */
export interface StopAction {
  readonly type: "stop";
  readonly id: string;
}

/** What the caller must do. */
export type Action = StartAction | StopAction;

/** Why a node was given new instances, or not. */
export interface CandidateTrace {
  readonly node: string;
  /** Instances that the node is told to start now. */
  readonly starts: number;
  readonly reason: string;
}

/** Why a target is where it is. */
export interface TargetTrace {
  readonly artifact: string;
  readonly wanted: number;
  /** ACTIVE instances of the wanted version. */
  readonly active: number;
  /** Dependencies without an ACTIVE instance; nothing starts before they have one. */
  readonly waitingFor: readonly string[];
  readonly candidates: readonly CandidateTrace[];
  /** Failures, back-off, lack of room, and what is kept for how long. */
  readonly notes: readonly string[];
}

/** A decision. */
export interface Reconciliation {
  /** Starts in load order, then stops, dependents first. */
  readonly actions: readonly Action[];
  readonly trace: readonly TargetTrace[];
  /** When the next retry is due; undefined when none is. */
  readonly wakeAtMs?: number;
}

/**
 * Decides what to do now.
 *
 * @example
 * ```ts
 * import { reconcile } from "./reconcile.ts";
 * import { defaultRetryLimits } from "./states.ts";
 * const artifact = "org.example:echo:1.0.0";
 * const { actions } = reconcile({
 *   targets: [{
 *     artifactBase: "org.example:echo",
 *     artifact,
 *     instances: 1,
 *     minAvailable: 1,
 *     dependencies: [],
 *   }],
 *   instances: [],
 *   nodes: [{ id: "node-1", lifecycle: "ON_DUTY" }],
 *   nowMs: 0,
 *   limits: { ...defaultRetryLimits, instancesPerNode: 4 },
 * });
 * console.assert(actions.length === 1 && actions[0]?.type === "start");
 * ```
 */
export function reconcile(input: ReconcileInput): Reconciliation {
  const living = new Set(input.nodes.map((node) => node.id));
  const byBase = Map.groupBy(input.instances, (each) => artifactBase(each.artifact));
  const activeArtifacts = new Set(
    input.instances.filter((each) => isActive(each) && living.has(each.node))
      .map((each) => each.artifact),
  );
  const decisions = input.targets.map((target) => {
    const all = byBase.get(target.artifactBase) ?? [];
    byBase.delete(target.artifactBase);
    const here = all.filter((each) => living.has(each.node));
    const waitingFor = target.dependencies.filter((each) => !activeArtifacts.has(each));
    return new Decision(input, { target, here, waitingFor });
  });
  const orphans = [...byBase.values()].flat();
  const dead = input.instances.filter((each) => !living.has(each.node));
  const stopped = new Set([
    ...decisions.toReversed().flatMap((decision) => decision.stops),
    ...orphans.filter(isPresent),
    ...dead,
  ]);
  const wakes = decisions.flatMap((decision) => decision.retriesAtMs);
  return {
    actions: [
      ...decisions.flatMap((decision) => decision.starts),
      ...[...stopped].map(({ id }): StopAction => ({ type: "stop", id })),
    ],
    trace: decisions.map((decision) => decision.trace),
    ...(wakes.length === 0 ? {} : { wakeAtMs: Math.min(...wakes) }),
  };
}

interface Situation {
  readonly target: Target;
  /** Instances of every version of the target on living nodes. */
  readonly here: readonly Instance[];
  readonly waitingFor: readonly string[];
}

/** The decision about one target. */
class Decision {
  readonly starts: StartAction[] = [];
  readonly stops: Instance[] = [];
  readonly retriesAtMs: number[] = [];
  readonly trace: TargetTrace;
  readonly #input: ReconcileInput;
  readonly #situation: Situation;
  readonly #candidates: CandidateTrace[] = [];
  readonly #notes: string[] = [];

  constructor(input: ReconcileInput, situation: Situation) {
    this.#input = input;
    this.#situation = situation;
    const { target, here, waitingFor } = situation;
    const current = here.filter((each) => isPresent(each) && each.artifact === target.artifact);
    const byNode = Map.groupBy(current, (each) => each.node);
    const leaving: Instance[] = [];
    const loads: Load[] = [];
    let joining = 0;
    for (const { id, lifecycle } of input.nodes) {
      const own = byNode.get(id) ?? [];
      if (lifecycle === "ON_DUTY") {
        loads.push({ node: id, active: own.filter(isActive).length, present: own.length });
        continue;
      }
      // A node that joins, e.g. after a restart, settles what it has by itself.
      if (lifecycle === "JOINING") joining += own.length;
      else leaving.push(...own);
      this.#candidates.push({ node: id, starts: 0, reason: `Refused: the node is ${lifecycle}` });
    }
    const share = Math.max(0, target.instances - joining);
    const shares = sharesOf(loads, share, input.limits.instancesPerNode);
    const placed = joining + [...shares.values()].reduce((sum, each) => sum + each, 0);
    if (placed < target.instances) this.#noteLackOfRoom(loads.length, placed);
    const surplus = loads.flatMap(({ node }) =>
      this.#settleNode(node, byNode.get(node) ?? [], shares.get(node) ?? 0)
    );
    this.#stop(current.filter(isActive).length, placed, [...surplus, ...leaving]);
    this.trace = {
      artifact: target.artifact,
      wanted: target.instances,
      active: current.filter(isActive).length,
      waitingFor,
      candidates: this.#candidates,
      notes: this.#notes,
    };
  }

  /** Starts and retries on a node up to its share; answers what is over it. */
  #settleNode(node: string, own: readonly Instance[], share: number): Instance[] {
    const { waitingFor } = this.#situation;
    const inOrder = [...own].sort((a, b) => this.#rank(a) - this.#rank(b) || a.n - b.n);
    const kept = inOrder.slice(0, share);
    for (const instance of kept) if (instance.state === "FAILED") this.#retry(instance);
    const missing = share - kept.length;
    if (missing === 0) {
      const isFull = share === this.#input.limits.instancesPerNode;
      const reason = isFull ? `Refused: has the ${share} that a node may run` : `Has its ${share}`;
      this.#candidates.push({ node, starts: 0, reason });
    } else if (waitingFor.length > 0) {
      const reason = `Would take ${missing} of its ${share}: waits for ${waitingFor.join(", ")}`;
      this.#candidates.push({ node, starts: 0, reason });
    } else {
      this.#start(node, missing);
      const reason = `Takes ${missing} of its ${share}`;
      this.#candidates.push({ node, starts: missing, reason });
    }
    return inOrder.slice(share);
  }

  /** What is kept first: what serves, then what may serve soonest. */
  #rank(instance: Instance): number {
    if (isActive(instance)) return 0;
    if (instance.state !== "FAILED") return 1;
    return retryAtMs(instance, this.#input.limits) === undefined ? 3 : 2;
  }

  #start(node: string, count: number): void {
    const { artifact } = this.#situation.target;
    const taken = new Set(
      this.#situation.here.filter((each) => each.node === node && each.artifact === artifact)
        .map((each) => each.n),
    );
    for (let n = 1, started = 0; started < count; n++) {
      if (taken.has(n)) continue;
      this.starts.push({ type: "start", artifact, node, n, attempt: 1 });
      started++;
    }
  }

  #retry(instance: Instance): void {
    const { artifact, node, n, attempt, reason = "unknown reason" } = instance;
    const dueMs = retryAtMs(instance, this.#input.limits);
    const failure = `Instance ${n} on ${node} failed: ${reason}`;
    if (dueMs === undefined) {
      const why = instance.fatal === true ? "a retry cannot help" : "all attempts are used";
      this.#notes.push(`${failure}; ${why}`);
    } else if (dueMs > this.#input.nowMs) {
      this.retriesAtMs.push(dueMs);
      const waitMs = dueMs - this.#input.nowMs;
      this.#notes.push(`${failure}; backs off ${waitMs} ms before attempt ${attempt + 1}`);
    } else if (this.#situation.waitingFor.length === 0) {
      this.starts.push({ type: "start", artifact, node, n, attempt: attempt + 1 });
      this.#notes.push(`${failure}; attempt ${attempt + 1} starts`);
    }
  }

  /** Stops what is over the shares, on leaving nodes, or of another version, as far as it may. */
  #stop(currentActive: number, placed: number, departing: readonly Instance[]): void {
    const { target, here } = this.#situation;
    const old = here.filter((each) => isPresent(each) && each.artifact !== target.artifact);
    const idle = [...departing, ...old].filter((each) => !isActive(each));
    this.stops.push(...idle);

    const needed = Math.max(placed, target.minAvailable);
    const spare = departing.filter(isActive).sort(newestFirst);
    const stopped = spare.slice(0, Math.max(0, currentActive - needed));
    this.stops.push(...stopped);
    const kept = spare.length - stopped.length;
    if (kept > 0) {
      this.#notes.push(
        `Keeps ${kept} more instances of this version until ${needed} others are ACTIVE`,
      );
    }

    const oldActive = old.filter(isActive).sort(newestFirst);
    const isReplaced = currentActive >= Math.max(1, placed);
    const total = currentActive - stopped.length + oldActive.length;
    const replaced = isReplaced ? oldActive.slice(0, Math.max(0, total - target.minAvailable)) : [];
    this.stops.push(...replaced);
    const oldKept = oldActive.length - replaced.length;
    if (oldKept > 0) {
      this.#notes.push(
        `Keeps ${oldKept} instances of other versions: ${currentActive} of ${needed} of this ` +
          `version are ACTIVE`,
      );
    }
  }

  #noteLackOfRoom(nodes: number, placed: number): void {
    const { instances } = this.#situation.target;
    const perNode = this.#input.limits.instancesPerNode;
    this.#notes.push(
      `Wants ${instances} instances, but there is room for ${placed}: ${nodes} nodes ON_DUTY, at ` +
        `most ${perNode} instances each`,
    );
  }
}

function newestFirst(a: Instance, b: Instance): number {
  return b.n - a.n || (a.id < b.id ? 1 : -1);
}
