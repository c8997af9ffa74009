import { reconcile } from "../reconcile.ts";
import type { Action, ReconcileInput } from "./model.ts";
import type { NodeLifecycle } from "../../protocol/node_lifecycle.ts";
import type { InstanceState } from "../../protocol/instance_state.ts";
import { defaultRetryLimits } from "../states.ts";
import type { Instance, Target } from "../targets.ts";

export const echo = "org.shop:echo:1.0.0";
export const next = "org.shop:echo:2.0.0";

/** A target of echo. */
export function target(instances: number, more: Partial<Target> = {}): Target {
  return {
    artifactBase: "org.shop:echo",
    artifact: echo,
    instances,
    minAvailable: Math.ceil(instances / 2),
    dependencies: [],
    ...more,
  };
}

/** An instance of echo on a node. */
export function at(node: string, n: number, state: InstanceState = "ACTIVE", more = {}): Instance {
  const all = { artifact: echo, node, n, state, attempt: 1, ...more };
  return { id: `${node}/${all.artifact.split(":")[2]}/${n}`, ...all };
}

interface Scene {
  readonly targets?: Target[];
  readonly instances?: Instance[];
  readonly nodes?: Record<string, NodeLifecycle>;
  readonly nowMs?: number;
  readonly perNode?: number;
}

/** What the reconciler decides about a scene, with the actions as short texts. */
export function decide(scene: Scene) {
  const nodes = scene.nodes ?? { n1: "ON_DUTY", n2: "ON_DUTY" };
  const input: ReconcileInput = {
    targets: scene.targets ?? [],
    instances: scene.instances ?? [],
    nodes: Object.entries(nodes).map(([id, lifecycle]) => ({ id, lifecycle })),
    nowMs: scene.nowMs ?? 0,
    limits: { ...defaultRetryLimits, instancesPerNode: scene.perNode ?? 8 },
  };
  const result = reconcile(input);
  return { ...result, texts: result.actions.map(text), notes: result.trace[0]?.notes };
}

function text(action: Action): string {
  if (action.type === "drained") return `drained ${action.node}`;
  if (action.type !== "start") return `${action.type} ${action.id}`;
  const version = action.artifact.split(":")[2];
  const retry = action.attempt > 1 ? ` attempt ${action.attempt}` : "";
  return `start ${action.node}/${version}/${action.n}${retry}`;
}
