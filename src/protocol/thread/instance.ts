/**
 * Messages between an instance's worker and the node's threads.
 *
 * Three channels reach a worker: its creator (the supervisor) for the life cycle, the gateway's
 * port for calls, and the resources port for handles and log lines. What comes out of a worker is
 * hostile input: receivers check it. Calls travel as flat arrays, many in one message, because the
 * clone of one message costs more than the call (ADR 0003).
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import type { SliceProblem } from "../slice/problem.ts";
import type { Permissions, SliceDescription } from "../slice/manifest.ts";

/** What the creator posts to a shell. */
export type ToShell =
  | { readonly type: "describe"; readonly module: Uint8Array }
  | {
    readonly type: "start";
    readonly artifact: string;
    readonly instance: string;
    readonly module: Uint8Array;
    /** What the worker was granted, so that a denial can name the line that is missing. */
    readonly permissions: Permissions;
    readonly gateway: MessagePort;
    readonly resources: MessagePort;
  }
  /** A new gateway after a restart of its thread. */
  | { readonly type: "gateway"; readonly gateway: MessagePort }
  /** A new resources thread after a restart: what was asked of the former one is lost. */
  | { readonly type: "resources"; readonly resources: MessagePort }
  /** Ends the instance: no new calls, `onStop` callbacks, then "stopped". */
  | { readonly type: "stop" }
  | { readonly type: "ping"; readonly sequence: number };

/** What a shell posts to its creator. */
export type FromShell =
  | { readonly type: "described"; readonly description: SliceDescription }
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly problem: Problem }
  | { readonly type: "stopped" }
  | {
    readonly type: "pong";
    readonly sequence: number;
    readonly memory: ShellMemory;
    /** Whether the slice says that it can serve. */
    readonly ready: boolean;
  };

/** Memory of a shell's isolate in bytes, as it measures itself. */
export interface ShellMemory {
  readonly heapBytes: number;
  /** Array buffers and other memory outside the heap. */
  readonly externalBytes: number;
}

/**
 * Kinds of frames in a batch on the gateway's port; kind and id are the first elements of each.
 *
 * After them come, in this order:
 *
 * - call: method, request id, milliseconds left, raw path parameters joined by "/" (null for a call
 *   from a slice), raw query, body (JSON text or bytes, or null), JSON of {@link CallMeta} or "".
 * - reply: one of {@link replyKind}, HTTP status, JSON of the output or of the problem; for a
 *   stream its content type; JSON of a `ResponseHead` or null.
 * - invoke: contract, method, request id, time limit in milliseconds, JSON of the input, JSON of
 *   {@link CallMeta} or "".
 * - abort: nothing.
 * - data: a message of a stream, text or bytes.
 * - end: 0, the close code of a socket, or 1 for a stream that failed; the reason.
 * - credit: how much of the stream's messages was read (`io/flow.ts`).
 *
 * The streams of a call carry its id. After a reply of kind stream or socket, the instance's stream
 * follows; a call of a method with a body is followed by the gateway's. The stream that answers an
 * invoke carries minus its id, and abort of it comes from the instance.
 */
export const frame = {
  /** gateway -> instance */
  call: 1,
  /** instance -> gateway, and back for an invoke */
  reply: 2,
  /** instance -> gateway */
  invoke: 3,
  /** gateway -> instance: nobody waits for the call any more; back: nobody reads the stream */
  abort: 4,
  /** Both ways. */
  data: 5,
  /** Both ways. */
  end: 6,
  /** Both ways. */
  credit: 7,
} as const;

/** How a call was answered. */
export const replyKind = {
  problem: 0,
  output: 1,
  /** The output follows as a stream of bytes. */
  stream: 2,
  /** Messages follow both ways. */
  socket: 3,
} as const;

/** Elements per frame; shorter frames are filled with null. */
export const frameWidth = 9;

/** Rare details of a call. */
export interface CallMeta {
  readonly caller?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Address of the client whose request it is. */
  readonly client?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Versions to which A/B tests have assigned the request, by contract. */
  readonly variants?: Readonly<Record<string, string>>;
  /** Calls that it is inside of, itself included; absent for the first of them. */
  readonly depth?: number;
  /** Of an invoke: see `CallOptions.affinityKey`. */
  readonly affinity?: string;
  /** Of an invoke: answer as soon as the call is on its way. */
  readonly oneWay?: boolean;
}

/** A batch: frames of {@link frameWidth} elements each, one after another. */
export type Batch = (string | number | null | Uint8Array)[];

/** Requests on the resources port. */
export type ResourceRequest =
  /** A call of a resource, with arguments of its own beside these. */
  | {
    readonly id: number;
    /** Name in the slice's `needs`. */
    readonly resource: string;
    readonly op: string;
    readonly [argument: string]: unknown;
  }
  | {
    readonly op: "log";
    readonly level: string;
    readonly message: string;
    readonly fields: string;
  };

/** Answers on the resources port. */
export type ResourceReply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly problem: Problem | SliceProblem };

/** Something that a resource tells without being asked. */
export interface ResourceEvent {
  readonly resource: string;
  readonly event: string;
  readonly value: unknown;
}
