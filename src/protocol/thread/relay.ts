/**
 * Messages between the supervisor and the relay, the thread that owns the slice processes.
 *
 * The supervisor wires ports and keeps the books; the relay starts the processes and carries their
 * traffic, so that neither the supervisor's loop nor the gateway's decodes what a process sends.
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Permissions } from "../slice/manifest.ts";
import type { ExitReason, Heartbeat, InstanceUsage } from "./threads.ts";

/** What a process is started with. */
export interface ProcessSpec {
  readonly instance: string;
  readonly artifact: string;
  readonly module: Uint8Array;
  readonly permissions: Permissions;
  /** Most heap in MiB; as much again may lie outside the heap. */
  readonly heapMb: number;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly hungTimeoutMs: number;
  /** Addresses that no name may resolve to, besides loopback and link-local ones. */
  readonly deniedHosts: readonly string[];
  /** Grant what `[sandbox.max]` allows, and record what the manifest does not ask for. */
  readonly auditMax: Permissions | undefined;
}

/** supervisor -> relay. */
export type ToRelay =
  | Heartbeat
  | { readonly type: "start"; readonly log: Config["log"] }
  | {
    readonly type: "instance";
    readonly spec: ProcessSpec;
    readonly gateway: MessagePort;
    readonly resources: MessagePort;
  }
  /** A new gateway after a restart of its thread. */
  | { readonly type: "gateway"; readonly instance: string; readonly gateway: MessagePort }
  /** A new resources thread after a restart. */
  | { readonly type: "resources"; readonly instance: string; readonly resources: MessagePort }
  | { readonly type: "stop"; readonly instance: string }
  /** Ends it at once, for this reason. */
  | { readonly type: "expel"; readonly instance: string; readonly cause: string };

/** relay -> supervisor. */
export type FromRelay =
  | Heartbeat
  /** The thread has loaded and answers from now on. */
  | { readonly type: "started" }
  | { readonly type: "ready"; readonly instance: string }
  | { readonly type: "retire"; readonly instance: string; readonly cause: string }
  | { readonly type: "usage"; readonly usage: InstanceUsage }
  | {
    readonly type: "ended";
    readonly instance: string;
    readonly reason: ExitReason;
    readonly problem: Problem | undefined;
  };
