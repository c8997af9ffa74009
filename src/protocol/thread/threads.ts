/**
 * Messages between the node's own threads: supervisor, control and gateway. Those of the resources
 * thread are in `resources.ts`.
 *
 * Control decides, the supervisor creates every worker and wires the ports, the gateway serves.
 * Only our code sends these, so receivers do not validate them.
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import type { CallCounts } from "../figures.ts";
import type { Config } from "../config/config.ts";
import type { ConfigOrigin } from "../config/overlay.ts";
import type { Health } from "../instance_state.ts";
import type { MethodFigures } from "../slice/call_figures.ts";
import type { AspectMode, MethodInterceptors } from "../slice/interceptors.ts";
import type { RolloutSplit } from "../rollout.ts";
import type { Manifest, Permissions } from "../slice/manifest.ts";
import type { ResourceConsumer } from "../slice/resources.ts";

/** Addresses on which a node really listens, `host:port`. */
export interface Addresses {
  readonly cluster: string;
  /** "" when the node takes no calls of other gateways. */
  readonly gateway: string;
  /** "" when the node takes no links of other nodes' storage. */
  readonly storage: string;
  readonly management: string;
  readonly app: string;
}

/** A liveness question and its answer. */
export interface Heartbeat {
  readonly type: "ping" | "pong";
  readonly sequence: number;
}

/** Why an instance ended; all but `stopped` are failures. */
export const exitReasons = [
  /** As it was told. */
  "stopped",
  /** An error outside a call, or the slice could not be started. */
  "error",
  /** A promise was rejected and nobody handled it. */
  "rejection",
  /** It did not answer for `sandbox.hungTimeout`: an endless loop, or a wait that blocks. */
  "hung",
  /** It used more heap than its limit. */
  "heap",
  /** It used more memory outside the heap than its limit. */
  "memory",
  /** A signal ended its process; not one of ours. */
  "killed",
  /** It ended its process by itself. */
  "exit",
  /** It sent what no shell sends, or far too much of it. */
  "protocol",
  "start-timeout",
  "stop-timeout",
] as const;
/** One of {@link exitReasons}. */
export type ExitReason = typeof exitReasons[number];

/** Where instances run: in a worker of the node, or in a process of their own. */
export const tiers = ["worker", "process"] as const;
/** One of {@link tiers}. */
export type Tier = typeof tiers[number];

/** How an instance is and what it uses, as last measured. */
export interface InstanceUsage {
  readonly instance: string;
  readonly tier: Tier;
  readonly health: Health;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** CPU time of its thread or process since it started; undefined where it is not known. */
  readonly cpuMs: number | undefined;
}

/** What an instance may do as a caller, from its manifest. */
export interface Caller {
  /** `group:name` of its slice. */
  readonly contract: string;
  /** Contracts that it may call. */
  readonly calls: readonly string[];
}

/** An instance that runs or starts while control does. */
export interface InheritedInstance {
  readonly instance: string;
  readonly artifact: string;
  /** Whether it serves. */
  readonly isReady: boolean;
}

/** supervisor -> control. */
export type ToControl =
  | Heartbeat
  | {
    readonly type: "start";
    readonly config: Config;
    /** What runs already, when another control died; undefined when the node starts. */
    readonly inherited: readonly InheritedInstance[] | undefined;
    /** Where its values come from; undefined when nobody says. */
    readonly origin: ConfigOrigin | undefined;
    readonly appAddress: string;
    readonly gatewayAddress: string;
    readonly storageAddress: string;
    readonly gateway: MessagePort;
  }
  | { readonly type: "gateway"; readonly gateway: MessagePort }
  /** The resources thread, at its start and after each restart. */
  | { readonly type: "resources"; readonly resources: MessagePort }
  /** The storage thread, at its start and after each restart. */
  | { readonly type: "storage"; readonly storage: MessagePort }
  | { readonly type: "instanceReady"; readonly instance: string }
  | {
    readonly type: "instanceEnded";
    readonly instance: string;
    readonly reason: ExitReason;
    readonly problem: Problem | undefined;
  }
  /** The instance uses too much: it is to finish its calls and to be replaced. */
  | { readonly type: "instanceRetiring"; readonly instance: string; readonly cause: string }
  | { readonly type: "instanceUsage"; readonly usages: readonly InstanceUsage[] }
  /** The node is about to stop: let others run its instances, and say when they do. */
  | { readonly type: "leave" }
  /** The node is stopping: decide and follow nothing any more. */
  | { readonly type: "quiesce" }
  | { readonly type: "stop" };

/** control -> supervisor. */
export type FromControl =
  | Heartbeat
  | { readonly type: "listening"; readonly addresses: Addresses }
  | { readonly type: "failed"; readonly problem: Problem }
  /** The configuration was overridden. */
  | { readonly type: "config"; readonly config: Config }
  | {
    readonly type: "startInstance";
    readonly caller: Caller;
    readonly instance: string;
    readonly artifact: string;
    readonly module: Uint8Array;
    readonly permissions: Permissions;
    /** What its manifest asks for; the configuration may demand more isolation. */
    readonly tier: Tier;
    readonly heapMb: number;
    readonly consumer: ResourceConsumer;
  }
  | { readonly type: "stopInstance"; readonly instance: string }
  /** An operator wants the node to shut down. */
  | { readonly type: "shutDown" }
  /** Nothing runs here that others should run, or they cannot. */
  | { readonly type: "left" }
  | { readonly type: "stopped" };

/** supervisor -> gateway. */
export type ToGateway =
  | Heartbeat
  | {
    readonly type: "start";
    readonly config: Config;
    readonly control: MessagePort;
  }
  | { readonly type: "control"; readonly control: MessagePort }
  /** A thread of this node calls slices on this port; see `internal_calls.ts`. */
  | { readonly type: "calls"; readonly port: MessagePort }
  | {
    readonly type: "instance";
    readonly instance: string;
    readonly caller: Caller;
    readonly port: MessagePort;
  }
  | { readonly type: "instanceEnded"; readonly instance: string }
  | { readonly type: "instanceHealth"; readonly instance: string; readonly health: Health }
  /** Stop accepting, wait for what is under way. */
  | { readonly type: "stop"; readonly graceMs: number };

/** gateway -> supervisor. */
export type FromGateway =
  | Heartbeat
  /** Addresses for applications and for other gateways. */
  | { readonly type: "listening"; readonly app: string; readonly gateway: string }
  /** The instance floods its port with what no shell sends: it is to be ended. */
  | { readonly type: "flooded"; readonly instance: string; readonly cause: string }
  | { readonly type: "failed"; readonly problem: Problem }
  | { readonly type: "stopped" };

/** A version of a slice that is served, and by which instances. */
export interface RoutedService {
  readonly contract: string;
  readonly artifact: string;
  /**
   * Share of the contract's calls among all its versions in the snapshot: a whole number, 0 for
   * none. With a single version any weight but 0 means all.
   */
  readonly weight: number;
  readonly methods: Manifest["definition"]["methods"];
  /** Contracts that its instances may call. */
  readonly calls: readonly string[];
  /** By what requests are assigned to versions, in an A/B test; `to` is the new version. */
  readonly split?: RolloutSplit & { readonly to: string };
  /** Calls in flight per instance. */
  readonly concurrency: number;
  /** Interceptors that the slice declares and the blueprint adds, later ones win. @default {[]} */
  readonly interceptors?: readonly MethodInterceptors[];
  /** What is switched on at run time by method, "*" for all others. @default {{}} */
  readonly aspects?: Readonly<Record<string, AspectMode>>;
  /** Instances on this node that take calls. */
  readonly instances: readonly string[];
  /** Other nodes with instances, and how many. */
  readonly remotes: readonly RemoteInstances[];
}

/** Instances of a service on another node. */
export interface RemoteInstances {
  readonly node: string;
  /** Address of its gateway. */
  readonly address: string;
  readonly count: number;
}

/** Everything the gateway must know to route, as of a revision. */
export interface RouteSnapshot {
  readonly revision: number;
  /** Id of the cluster: gateways of other clusters are refused. */
  readonly cluster: string;
  /** One for each version; several versions of a contract share its calls by weight. */
  readonly services: readonly RoutedService[];
  /** Nodes that are believed to be down: what is under way there has failed. @default {[]} */
  readonly down?: readonly string[];
}

/** What changed in the routes between two revisions. */
export interface RouteDelta {
  readonly fromRevision: number;
  readonly revision: number;
  readonly cluster: string;
  /** New versions, and those that are no longer as they were. */
  readonly changed: readonly RoutedService[];
  /** Artifacts that are in no route any more. */
  readonly removed: readonly string[];
  readonly down?: readonly string[];
}

/** control -> gateway, on their own port. */
export type ControlToGateway =
  | { readonly type: "routes"; readonly snapshot: RouteSnapshot }
  | { readonly type: "routeDelta"; readonly delta: RouteDelta }
  /** The configuration was overridden. */
  | {
    readonly type: "config";
    readonly app: Config["app"];
    readonly calls: Config["calls"];
    readonly log: Config["log"];
  }
  /** Control calls slices on this port; see `internal_calls.ts`. */
  | { readonly type: "calls"; readonly port: MessagePort }
  /** The instance is in no route any more; say when it has answered everything. */
  | { readonly type: "drain"; readonly instance: string };

/** gateway -> control, on their own port. */
export type GatewayToControl =
  /** What was counted in the last second, and the totals since the gateway started if they grew. */
  | {
    readonly type: "figures";
    readonly methods: readonly MethodFigures[];
    readonly counts?: readonly CallCounts[];
  }
  | { readonly type: "applied"; readonly revision: number }
  /** A delta did not fit: send a snapshot. */
  | { readonly type: "resync" }
  /** The instance that was to drain has nothing left to answer. */
  | { readonly type: "drained"; readonly instance: string };
