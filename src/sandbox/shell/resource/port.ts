/**
 * The instance's end of its resources port: requests with their answers, events, log lines.
 *
 * @module
 */
import { AetherError } from "../../../base/errors.ts";
import type {
  ResourceEvent,
  ResourceReply,
  ResourceRequest,
} from "../../../protocol/thread/instance.ts";
import { SliceError } from "../../../sdk/slice_error.ts";
import { LogLimit } from "../../log_limit.ts";

const pendingMax = 10_000;
const linesPerSecondMax = 1_000;

/** A request without its number. */
export type ResourceCall = {
  readonly resource: string;
  readonly op: string;
  readonly [argument: string]: unknown;
};

/** What a handle hears: an event of its resource, or that the node's side was lost and is new. */
export interface ResourceListener {
  onEvent(event: string, value: unknown): void;
  onLost(): void;
}

/** Requests over the resources port, with their pending answers. */
export class ResourcePort {
  #port: MessagePort;
  readonly #pending = new Map<
    number,
    { resolve(result: unknown): void; reject(error: Error): void }
  >();
  readonly #listeners = new Map<string, ResourceListener>();
  readonly #logLimit = new LogLimit(linesPerSecondMax);
  #nextId = 1;

  constructor(port: MessagePort) {
    this.#port = port;
    this.#listen();
  }

  /** Uses this port from now on; what was asked of the former one fails with RESOURCE_LOST. */
  connect(port: MessagePort): void {
    this.#port.close();
    this.#port = port;
    this.#listen();
    const lost = new AetherError("RESOURCE_LOST", "The node's resources restarted meanwhile");
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(lost);
    for (const listener of this.#listeners.values()) listener.onLost();
  }

  /** Tells this listener what concerns the resource. */
  listen(resource: string, listener: ResourceListener): void {
    this.#listeners.set(resource, listener);
  }

  /** Sends a line to the node's log; beyond 1000 a second they are left out and counted. */
  log(level: string, message: string, fields: string): void {
    const { passes, leftOut } = this.#logLimit.admit(performance.now());
    if (leftOut > 0) this.#line("warn", `${leftOut} log lines were left out: too many`, "{}");
    if (passes) this.#line(level, message, fields);
  }

  /** Sends a request and waits for its answer. */
  request(call: ResourceCall): Promise<unknown> {
    if (this.#pending.size >= pendingMax) {
      return Promise.reject(
        new AetherError("OVERLOADED", `More than ${pendingMax} resource requests are waiting`),
      );
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // First, because it throws for what cannot be cloned.
      this.#port.postMessage({ ...call, id });
      this.#pending.set(id, { resolve, reject });
    });
  }

  /** Ends it. */
  close(): void {
    this.#port.close();
  }

  #listen(): void {
    this.#port.onmessage = ({ data }: MessageEvent<ResourceReply | ResourceEvent>) => {
      if ("event" in data) this.#listeners.get(data.resource)?.onEvent(data.event, data.value);
      else this.#onReply(data);
    };
  }

  #onReply(reply: ResourceReply): void {
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.result);
    else {
      waiting?.reject(
        SliceError.fromProblem(reply.problem) ?? AetherError.fromProblem(reply.problem),
      );
    }
  }

  #line(level: string, message: string, fields: string): void {
    this.#port.postMessage({ op: "log", level, message, fields } satisfies ResourceRequest);
  }
}
