/**
 * What the reconciler is asked and what it answers.
 *
 * @module
 */
import type { NodeLifecycle } from "../../protocol/node_lifecycle.ts";
import type { RetryLimits, StateDeadlines } from "../states.ts";
import type { Instance, Target } from "../targets.ts";

/** Limits of the reconciler. */
export interface ReconcileLimits extends RetryLimits {
  /** Most instances of one artifact version on a node. */
  readonly instancesPerNode: number;
  /** How long each state may last. @default {defaultDeadlines} */
  readonly deadlines?: StateDeadlines;
}

/** A member of the cluster. */
export interface NodeSituation {
  readonly id: string;
  readonly lifecycle: NodeLifecycle;
  /** Whether it is believed to work; instances of one that does not are gone. @default {true} */
  readonly isAlive?: boolean;
}

/** Everything that a decision depends on. */
export interface ReconcileInput {
  /** What should run, in load order: one target per base, or one per version of a rollout. */
  readonly targets: readonly Target[];
  readonly instances: readonly Instance[];
  /** All members; instances on any other node are gone. */
  readonly nodes: readonly NodeSituation[];
  /** Now, on the clock of `sinceMs` of the instances. */
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

/** Removes the record of an instance that its node does not end. */
export interface ForgetAction {
  readonly type: "forget";
  readonly id: string;
}

/** The drain of a node has come to its end: nothing is left on it. */
export interface DrainedAction {
  readonly type: "drained";
  readonly node: string;
}

/** What the caller must do. */
export type Action = StartAction | StopAction | ForgetAction | DrainedAction;

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
  /** Every member of the cluster, with the reason why it was taken or refused. */
  readonly candidates: readonly CandidateTrace[];
  /** Failures, back-off, lack of room, and what is kept for how long. */
  readonly notes: readonly string[];
}

/** A decision. */
export interface Reconciliation {
  /** Starts in load order, then stops, dependents first. */
  readonly actions: readonly Action[];
  readonly trace: readonly TargetTrace[];
  /** When something is due next, a retry or the end of patience; undefined when nothing is. */
  readonly wakeAtMs?: number;
}
