/**
 * Life cycle of a node, as stored and shown (#63), and which state may follow which.
 *
 * A node registers itself, operators drain, activate and shut down, the leader ends a drain. The
 * store checks each change with {@link judgeLifecycle} when it applies it.
 *
 * @module
 */

/** All states, in the order of a node's life. */
export const nodeLifecycles = [
  "JOINING",
  "ON_DUTY",
  "DRAINING",
  "DECOMMISSIONED",
  "SHUTTING_DOWN",
] as const;
/** One of {@link nodeLifecycles}. */
export type NodeLifecycle = typeof nodeLifecycles[number];

const successors: Readonly<Record<NodeLifecycle, readonly NodeLifecycle[]>> = {
  JOINING: ["ON_DUTY", "SHUTTING_DOWN"],
  ON_DUTY: ["DRAINING", "SHUTTING_DOWN"],
  DRAINING: ["ON_DUTY", "DECOMMISSIONED", "SHUTTING_DOWN"],
  DECOMMISSIONED: ["ON_DUTY", "SHUTTING_DOWN"],
  SHUTTING_DOWN: [],
};

/** What is known of one life of a node. */
export interface NodeLife {
  readonly state: NodeLifecycle;
  /** Number of this life: every start gets a greater one. */
  readonly incarnation: number;
}

/** Whether a node may go from one state to another within one life. */
export function isLifecycleTransition(from: NodeLifecycle, to: NodeLifecycle): boolean {
  return successors[from].includes(to);
}

/**
 * The state in which a new life of a node begins: a drain outlives a restart, everything else
 * begins anew.
 */
export function stateAfterRestart(before: NodeLifecycle | undefined): NodeLifecycle {
  return before === "DRAINING" || before === "DECOMMISSIONED" ? before : "JOINING";
}

/**
 * Judges a written life against the stored one. Within a life the table above counts; a new life
 * begins as {@link stateAfterRestart} says, and may skip JOINING; an older life writes too late.
 */
export function judgeLifecycle(
  stored: NodeLife | undefined,
  written: NodeLife,
): "apply" | "late" | "illegal" {
  if (stored !== undefined && written.incarnation < stored.incarnation) return "late";
  if (stored === undefined || written.incarnation > stored.incarnation) {
    const first = stateAfterRestart(stored?.state);
    const isFirst = written.state === first ||
      (first === "JOINING" && written.state === "ON_DUTY");
    return isFirst ? "apply" : "illegal";
  }
  const isSame = written.state === stored.state;
  return isSame || isLifecycleTransition(stored.state, written.state) ? "apply" : "illegal";
}
