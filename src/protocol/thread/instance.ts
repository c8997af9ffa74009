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
import type { SliceDescription } from "../slice/manifest.ts";

/** What the creator posts to a shell. */
export type ToShell =
  | { readonly type: "describe"; readonly module: Uint8Array }
  | {
    readonly type: "start";
    readonly artifact: string;
    readonly instance: string;
    readonly module: Uint8Array;
    readonly gateway: MessagePort;
    readonly resources: MessagePort;
  }
  /** A new gateway after a restart of its thread. */
  | { readonly type: "gateway"; readonly gateway: MessagePort }
  /** Ends the instance: no new calls, `onStop` callbacks, then "stopped". */
  | { readonly type: "stop" }
  | { readonly type: "ping"; readonly sequence: number };

/** What a shell posts to its creator. */
export type FromShell =
  | { readonly type: "described"; readonly description: SliceDescription }
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly problem: Problem }
  | { readonly type: "stopped" }
  | { readonly type: "pong"; readonly sequence: number };

/** Kinds of frames in a batch on the gateway's port; the first element of each frame. */
export const frame = {
  /** gateway -> instance: {@link CallFrame} */
  call: 1,
  /** instance -> gateway: {@link ReplyFrame} */
  reply: 2,
  /** instance -> gateway: {@link InvokeFrame}; answered by a reply frame. */
  invoke: 3,
  /** gateway -> instance: [kind, id]; the caller has gone. */
  abort: 4,
} as const;

/** Elements per frame; shorter frames are filled with null. */
export const frameWidth = 9;

/** Where a call comes from. */
export const origin = { http: 0, slice: 1 } as const;

/**
 * A call, as consecutive elements of a batch:
 * kind, id, method, request id, milliseconds left, origin and details.
 * HTTP: raw path parameters joined by "/", raw query, body. Slice: "", "", JSON of the input.
 * Last: JSON of {@link CallMeta} or "".
 */
export type CallFrame = [
  kind: typeof frame.call,
  id: number,
  method: string,
  requestId: string,
  remainingMs: number,
  pathParameters: string | null,
  query: string,
  body: string | Uint8Array | null,
  meta: string,
];

/** Rare details of a call. */
export interface CallMeta {
  readonly caller?: string;
  readonly traceparent?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a call: ok = 1 with JSON of the output, or 0 with JSON of the problem. */
export type ReplyFrame = [
  kind: typeof frame.reply,
  id: number,
  ok: 0 | 1,
  status: number,
  body: string,
];

/** A call from a slice to another one; the input is JSON, meta JSON of {@link CallMeta} or "". */
export type InvokeFrame = [
  kind: typeof frame.invoke,
  id: number,
  contract: string,
  method: string,
  requestId: string,
  timeoutMs: number,
  input: string,
  meta: string,
];

/** A batch: frames of {@link frameWidth} elements each, one after another. */
export type Batch = (string | number | null | Uint8Array)[];

/** Requests on the resources port. */
export type ResourceRequest =
  | { readonly id: number; readonly resource: string; readonly op: "entry"; readonly key: string }
  | {
    readonly id: number;
    readonly resource: string;
    readonly op: "put";
    readonly key: string;
    /** JSON text. */
    readonly value: string;
    readonly ifRevision?: number;
  }
  | {
    readonly id: number;
    readonly resource: string;
    readonly op: "delete";
    readonly key: string;
    readonly ifRevision?: number;
  }
  | {
    readonly id: number;
    readonly resource: string;
    readonly op: "list";
    readonly prefix: string;
    readonly limit: number;
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
