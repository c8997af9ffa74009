/**
 * {@link Decision}: what becomes of the instances of one target.
 *
 * It starts before it stops. The reconciler makes one for every target, and puts them together.
 *
 * @module
 */
import { type Load, sharesOf } from "../placement.ts";
import { defaultDeadlines, retryAtMs, stuckAtMs } from "../states.ts";
import { type Instance, isActive, isPresent, type Target } from "../targets.ts";
import type { Budget } from "./budget.ts";
import type { CandidateTrace, ReconcileInput, StartAction, TargetTrace } from "./model.ts";
import type { Moves } from "./moves.ts";

/** What a decision is about. */
export interface Situation {
  readonly target: Target;
  /** Instances on living nodes: of every version of the base, or of this version of a rollout. */
  readonly here: readonly Instance[];
  readonly waitingFor: readonly string[];
  readonly moves: Moves;
  readonly budget: Budget;
}

interface Placement {
  readonly loads: readonly Load[];
  readonly byNode: ReadonlyMap<string, readonly Instance[]>;
  /** ACTIVE instances on draining nodes. */
  readonly draining: readonly Instance[];
  /** Of them, those that may move now. */
  readonly movers: readonly Instance[];
  /** What leaves at once, as soon as others serve. */
  readonly leaving: readonly Instance[];
  readonly joining: number;
  /** Instances on nodes on duty that will never be ACTIVE. */
  readonly hopeless: number;
}

/** The decision about one target. */
export class Decision {
  readonly starts: StartAction[] = [];
  readonly stops: Instance[] = [];
  /** When something is due that nobody will report. */
  readonly wakesAtMs: number[] = [];
  readonly trace: TargetTrace;
  readonly #input: ReconcileInput;
  readonly #situation: Situation;
  readonly #candidates: CandidateTrace[] = [];
  readonly #notes: string[] = [];

  constructor(input: ReconcileInput, situation: Situation) {
    this.#input = input;
    this.#situation = situation;
    const { target, here, waitingFor } = situation;
    const current = this.#withoutStuck(
      here.filter((each) => isPresent(each) && each.artifact === target.artifact),
    );
    const placement = this.#place(current);
    const { loads, byNode } = placement;
    const share = this.#shareOf(placement);
    const shares = sharesOf(loads, share, input.limits.instancesPerNode);
    const placed = [...shares.values()].reduce((sum, each) => sum + each, 0);
    if (placed < share) this.#noteLackOfRoom(loads.length, placed + target.instances - share);
    const surplus = loads.flatMap(({ node }) =>
      this.#settleNode(node, byNode.get(node) ?? [], shares.get(node) ?? 0)
    );
    this.#stop(current, { placement, placed, departing: [...surplus, ...placement.leaving] });
    this.trace = {
      artifact: target.artifact,
      wanted: target.instances,
      active: current.filter(isActive).length,
      waitingFor,
      candidates: this.#candidates,
      notes: this.#notes,
    };
  }

  /** Withdraws what does not get on, so that it is replaced; answers the others. */
  #withoutStuck(current: readonly Instance[]): Instance[] {
    const { limits: { deadlines = defaultDeadlines }, nowMs } = this.#input;
    return current.filter((instance) => {
      const atMs = stuckAtMs(instance, deadlines);
      if (atMs === undefined) return true;
      if (atMs > nowMs) {
        this.wakesAtMs.push(atMs);
        return true;
      }
      const { n, node, state } = instance;
      this.#notes.push(`Instance ${n} on ${node} is stuck in ${state}: it is withdrawn`);
      this.stops.push(instance);
      return false;
    });
  }

  /** Who may run the target, and what is where. */
  #place(current: readonly Instance[]): Placement {
    const byNode = Map.groupBy(current, (each) => each.node);
    const loads: Load[] = [];
    const draining: Instance[] = [];
    const leaving: Instance[] = [];
    let joining = 0;
    let hopeless = 0;
    for (const { id, lifecycle, isAlive = true } of this.#input.nodes) {
      const own = byNode.get(id) ?? [];
      if (!isAlive) {
        this.#refuse(id, "the node does not answer");
        continue;
      }
      if (lifecycle === "ON_DUTY") {
        loads.push({ node: id, active: own.filter(isActive).length, present: own.length });
        hopeless += own.filter((each) => this.#isHopeless(each)).length;
        continue;
      }
      this.#refuse(id, `the node is ${lifecycle}`);
      // A node that joins, e.g. after a restart, settles what it has by itself.
      if (lifecycle === "JOINING") joining += own.length;
      else if (lifecycle !== "DRAINING") leaving.push(...own);
      else {
        draining.push(...own.filter(isActive));
        leaving.push(...own.filter((each) => !isActive(each)));
      }
    }
    const movers = this.#situation.moves.candidates(draining);
    return { loads, byNode, draining, movers, leaving, joining, hopeless };
  }

  #isHopeless(instance: Instance): boolean {
    return instance.state === "FAILED" && retryAtMs(instance, this.#input.limits) === undefined;
  }

  /** What the target itself must keep: the budget keeps it for all versions of a rollout. */
  get #minAvailable(): number {
    const { isPart, minAvailable } = this.#situation.target;
    return isPart === true ? 0 : minAvailable;
  }

  #refuse(node: string, why: string): void {
    this.#candidates.push({ node, starts: 0, reason: `Refused: ${why}` });
  }

  /**
   * Instances that the nodes on duty should have: what draining nodes still keep is not replaced
   * yet, unless the budget demands it.
   */
  #shareOf({ loads, draining, movers, joining, hopeless }: Placement): number {
    const all = Math.max(0, this.#situation.target.instances - joining);
    if (draining.length === 0) return all;
    const active = loads.reduce((sum, each) => sum + each.active, 0);
    const present = loads.reduce((sum, each) => sum + each.present, 0);
    const kept = draining.length - movers.length;
    const isShort = movers.length > 0 && active < this.#minAvailable &&
      active + hopeless === present;
    return Math.min(all, Math.max(all - kept, isShort ? present + 1 : present));
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
    return this.#isHopeless(instance) ? 3 : 2;
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
      this.wakesAtMs.push(dueMs);
      const waitMs = dueMs - this.#input.nowMs;
      this.#notes.push(`${failure}; backs off ${waitMs} ms before attempt ${attempt + 1}`);
    } else if (this.#situation.waitingFor.length === 0) {
      this.starts.push({ type: "start", artifact, node, n, attempt: attempt + 1 });
      this.#notes.push(`${failure}; attempt ${attempt + 1} starts`);
    }
  }

  /** Stops what is over the shares, on leaving nodes, or of another version, as far as it may. */
  #stop(
    current: readonly Instance[],
    { placement, placed, departing }: {
      readonly placement: Placement;
      readonly placed: number;
      readonly departing: readonly Instance[];
    },
  ): void {
    const { target, here } = this.#situation;
    const active = current.filter(isActive).length;
    const old = here.filter((each) => isPresent(each) && each.artifact !== target.artifact);
    this.stops.push(...[...departing, ...old].filter((each) => !isActive(each)));

    const inPlace = active - placement.draining.length;
    const needed = Math.max(placed, this.#minAvailable);
    const spare = departing.filter(isActive).sort(newestFirst);
    const stopped = this.#take(spare, inPlace - needed);
    if (stopped.length < spare.length) {
      this.#notes.push(
        `Keeps ${spare.length - stopped.length} more instances of this version until ${needed} ` +
          `others are ACTIVE`,
      );
    }
    this.#move(placement);

    const oldActive = old.filter(isActive).sort(newestFirst);
    const isReplaced = active >= Math.max(1, placed);
    const replaced = this.#take(oldActive, isReplaced ? oldActive.length : 0);
    if (replaced.length < oldActive.length) {
      this.#notes.push(
        `Keeps ${oldActive.length - replaced.length} instances of other versions: ${active} of ` +
          `${needed} of this version are ACTIVE`,
      );
    }
  }

  /** Stops the first of the instances, as many as both the caller and the budget allow. */
  #take(instances: readonly Instance[], count: number): Instance[] {
    const wanted = Math.max(0, Math.min(instances.length, count));
    const taken = instances.slice(0, this.#situation.budget.take(wanted));
    this.stops.push(...taken);
    return taken;
  }

  /** Ends on draining nodes what others have replaced. */
  #move({ loads, draining, movers, joining, hopeless }: Placement): void {
    const { target: { instances }, moves } = this.#situation;
    const room = loads.length * this.#input.limits.instancesPerNode;
    const active = loads.reduce((sum, each) => sum + each.active, 0);
    let left = draining.length;
    for (const mover of movers) {
      const wanted = Math.min(room, instances - joining - (left - 1));
      // What has failed for good is not waited for, but the last one that serves is kept.
      const needed = Math.max(wanted - hopeless, Math.min(wanted, 1), this.#minAvailable);
      if (active >= needed && this.#take([mover], 1).length > 0) {
        left--;
        moves.take(mover.node);
        continue;
      }
      // Without room for a replacement the move waits, and another one may come first.
      if (needed <= room) moves.take(mover.node);
      const why = needed <= room
        ? `${needed} must be ACTIVE on other nodes`
        : `there is no room for the ${needed} that must be ACTIVE on other nodes`;
      this.#notes.push(`Instance ${mover.n} stays on draining ${mover.node}: ${why}`);
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
