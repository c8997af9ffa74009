/**
 * Messages between the node's own threads: supervisor, control and gateway.
 *
 * Control decides, the supervisor creates every worker and wires the ports, the gateway serves.
 * Only our code sends these, so receivers do not validate them.
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Manifest, Permissions } from "../slice/manifest.ts";

/** Addresses on which a node really listens, `host:port`. */
export interface Addresses {
  readonly cluster: string;
  readonly management: string;
  readonly app: string;
}

/** A liveness question and its answer. */
export interface Heartbeat {
  readonly type: "ping" | "pong";
  readonly sequence: number;
}

/** Why an instance ended. */
export type ExitReason = "stopped" | "error" | "start-timeout" | "stop-timeout";

/** supervisor -> control. */
export type ToControl =
  | Heartbeat
  | {
    readonly type: "start";
    readonly config: Config;
    readonly appAddress: string;
    readonly gateway: MessagePort;
  }
  | { readonly type: "gateway"; readonly gateway: MessagePort; readonly appAddress: string }
  | { readonly type: "instanceReady"; readonly instance: string }
  | {
    readonly type: "instanceEnded";
    readonly instance: string;
    readonly reason: ExitReason;
    readonly problem: Problem | undefined;
  }
  /** The node is stopping: decide and follow nothing any more. */
  | { readonly type: "quiesce" }
  | { readonly type: "stop" };

/** control -> supervisor. */
export type FromControl =
  | Heartbeat
  | { readonly type: "listening"; readonly addresses: Addresses }
  | { readonly type: "failed"; readonly problem: Problem }
  | {
    readonly type: "startInstance";
    readonly instance: string;
    readonly artifact: string;
    readonly module: Uint8Array;
    readonly permissions: Permissions;
    /** The instance's end of its resources port. */
    readonly resources: MessagePort;
  }
  | { readonly type: "stopInstance"; readonly instance: string }
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
  | { readonly type: "instance"; readonly instance: string; readonly port: MessagePort }
  | { readonly type: "instanceEnded"; readonly instance: string }
  /** Stop accepting, wait for what is under way. */
  | { readonly type: "stop"; readonly graceMs: number };

/** gateway -> supervisor. */
export type FromGateway =
  | Heartbeat
  | { readonly type: "listening"; readonly address: string }
  | { readonly type: "failed"; readonly problem: Problem }
  | { readonly type: "stopped" };

/** A contract that is served, and by which instances. */
export interface RoutedService {
  readonly contract: string;
  readonly artifact: string;
  readonly methods: Manifest["definition"]["methods"];
  /** Contracts that its instances may call. */
  readonly calls: readonly string[];
  /** Calls in flight per instance. */
  readonly concurrency: number;
  /** Instances that take calls; all on this node. */
  readonly instances: readonly string[];
}

/** Everything the gateway must know to route, as of a revision. */
export interface RouteSnapshot {
  readonly revision: number;
  readonly services: readonly RoutedService[];
}

/** control -> gateway, on their own port. */
export type ControlToGateway =
  | { readonly type: "routes"; readonly snapshot: RouteSnapshot }
  /** The instance is in no route any more; say when it has answered everything. */
  | { readonly type: "drain"; readonly instance: string };

/** gateway -> control, on their own port. */
export type GatewayToControl =
  | { readonly type: "applied"; readonly revision: number }
  /** The instance that was to drain has nothing left to answer. */
  | { readonly type: "drained"; readonly instance: string };
