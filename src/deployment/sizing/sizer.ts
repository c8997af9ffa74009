/**
 * How the cluster comes to its size: a dead node is replaced, one order at a time, and never in a
 * loop.
 *
 * Pure: the leader shows what it sees, carries out the one step that is answered, and asks again.
 * Everything that must survive the leader is in {@link Sizing}.
 *
 * @module
 */
import type { NodeLifecycle } from "../../protocol/node_lifecycle.ts";
import type { Sizing } from "../../protocol/deployment/sizing.ts";

/** A member of the cluster, as the leader sees it. */
export interface SizedNode {
  readonly id: string;
  readonly lifecycle: NodeLifecycle;
  readonly isAlive: boolean;
  /** Whether it has been dead for longer than anybody waits. */
  readonly isLost: boolean;
  readonly isVoter: boolean;
}

/** What the leader sees. */
export interface SizeSight {
  /** Nodes that there should be. */
  readonly wanted: number;
  readonly leader: string;
  readonly members: readonly SizedNode[];
  /** Wall time. */
  readonly nowMs: number;
}

/** One step. */
export type SizeStep =
  | { readonly type: "write"; readonly sizing: Sizing; readonly why: string }
  /**
   * Writes an order, then has the provider start its node. Nobody does so again: two processes
   * could have one name. What does not come up is put out, and the next one has another name.
   */
  | { readonly type: "start"; readonly node: string; readonly sizing: Sizing; readonly why: string }
  /** The new node votes in the place of the lost one. */
  | { readonly type: "promote"; readonly node: string; readonly insteadOf: string }
  | { readonly type: "drain"; readonly node: string }
  /** Puts a node out of the cluster and has the provider end it. */
  | { readonly type: "remove"; readonly node: string };

/** Time in which a node that was ordered must be on duty, or be gone. */
export const orderTimeoutMs = 120_000;
const hourMs = 3_600_000;
const backoffMs = { first: 5_000, max: 600_000 } as const;

/** The next step; undefined: nothing to do now. */
export function nextSizeStep(sizing: Sizing, sight: SizeSight): SizeStep | undefined {
  const { order } = sizing;
  if (order === undefined) return newOrder(sizing, sight);
  if (order.kind === "stop") return stopping(sizing, order, sight);
  return starting(sizing, order, sight);
}

type Order = NonNullable<Sizing["order"]>;

function newOrder(
  sizing: Sizing,
  { wanted, members, leader, nowMs }: SizeSight,
): SizeStep | undefined {
  const present = members.filter(({ isLost }) => !isLost);
  const [lost] = members.filter(({ isLost }) => isLost)
    .sort((a, b) => Number(b.isVoter) - Number(a.isVoter));
  if (present.length > wanted) {
    const surplus = sizing.started.findLast((node) =>
      node !== leader && members.some(({ id, isAlive }) => id === node && isAlive)
    );
    if (surplus === undefined) return undefined;
    const order = { kind: "stop", node: surplus, orderedAtMs: nowMs } as const;
    return write({ ...sizing, order }, `${present.length} nodes are more than ${wanted}`);
  }
  if (present.length === wanted || nowMs < nextStartMs(sizing, wanted, nowMs)) return undefined;
  const node = freeName(sizing, members);
  const order = {
    kind: "start",
    node: node.id,
    ...(lost === undefined ? {} : { replaces: lost.id }),
    orderedAtMs: nowMs,
  } as const;
  const why = lost === undefined
    ? `${present.length} nodes are fewer than ${wanted}`
    : `Node ${lost.id} is lost`;
  const next = {
    ...sizing,
    order,
    started: [...sizing.started, node.id],
    startedAtMs: [...recent(sizing, nowMs), nowMs],
    next: node.next,
  };
  return { type: "start", node: node.id, sizing: next, why } as const;
}

/** When a node may be ordered again: later after each failure, and only so many in an hour. */
export function nextStartMs(sizing: Sizing, wanted: number, nowMs: number): number {
  const { failures } = sizing;
  const startedAtMs = recent(sizing, nowMs);
  const last = startedAtMs.at(-1);
  if (last === undefined) return -Infinity;
  const waitMs = failures === 0
    ? 0
    : Math.min(backoffMs.first * 2 ** (failures - 1), backoffMs.max);
  const most = 2 * wanted;
  const oldest = startedAtMs.at(-most);
  const freeMs = startedAtMs.length < most || oldest === undefined ? -Infinity : oldest + hourMs;
  return Math.max(last + waitMs, freeMs);
}

/** Times of the last hour; what lies in the future was written by a clock that was wrong. */
function recent({ startedAtMs }: Sizing, nowMs: number): number[] {
  return startedAtMs.filter((atMs) => atMs > nowMs - hourMs && atMs <= nowMs);
}

function freeName(sizing: Sizing, members: readonly SizedNode[]): { id: string; next: number } {
  const taken = new Set(members.map(({ id }) => id));
  for (let number = sizing.next;; number++) {
    const id = `auto-${number}`;
    if (!taken.has(id)) return { id, next: number + 1 };
  }
}

function starting(
  sizing: Sizing,
  { node, replaces, orderedAtMs }: Order,
  { members, nowMs }: SizeSight,
): SizeStep | undefined {
  const own = members.find(({ id }) => id === node);
  if (own?.isAlive !== true || own.lifecycle !== "ON_DUTY") {
    const isLate = nowMs - orderedAtMs >= orderTimeoutMs;
    return isLate ? { type: "remove", node } : undefined;
  }
  const former = members.find(({ id }) => id === replaces);
  if (former?.isLost === true) {
    return former.isVoter
      ? { type: "promote", node, insteadOf: former.id }
      : { type: "remove", node: former.id };
  }
  return write(withoutOrder({ ...sizing, failures: 0 }), `Node ${node} is on duty`);
}

function stopping(
  sizing: Sizing,
  { node, orderedAtMs }: Order,
  { members, nowMs }: SizeSight,
): SizeStep {
  const own = members.find(({ id }) => id === node);
  if (own === undefined) return write(gone(sizing, node), `Node ${node} is stopped`);
  const isEmpty = own.lifecycle === "DECOMMISSIONED" || !own.isAlive;
  if (isEmpty || nowMs - orderedAtMs >= orderTimeoutMs) return { type: "remove", node };
  return { type: "drain", node };
}

/** After the node of an order was put out. */
export function afterRemoval(sizing: Sizing, node: string): Sizing {
  const { order } = sizing;
  if (order?.node !== node) return { ...sizing, started: without(sizing, node) };
  const failures = order.kind === "start" ? sizing.failures + 1 : sizing.failures;
  return { ...gone(sizing, node), failures };
}

function gone(sizing: Sizing, node: string): Sizing {
  return { ...withoutOrder(sizing), started: without(sizing, node) };
}

function without({ started }: Sizing, node: string): string[] {
  return started.filter((each) => each !== node);
}

function withoutOrder({ order: _, ...rest }: Sizing): Sizing {
  return rest;
}

function write(sizing: Sizing, why: string): SizeStep {
  return { type: "write", sizing, why };
}
