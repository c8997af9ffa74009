/**
 * What both tiers have in common: how the supervisor sees a running instance.
 *
 * @module
 */
import { AetherError, type Problem } from "../base/errors.ts";
import type { ExitReason, InstanceUsage } from "../protocol/thread/threads.ts";

/** What an instance tells its owner. */
export interface InstanceEvents {
  onReady(): void;
  /** It uses too much; it is to finish its calls and to be replaced. May be said more than once. */
  onRetire?(cause: string): void;
  /** Called about once a second. */
  onUsage?(usage: InstanceUsage): void;
  /** Called once, however the instance ends. */
  onEnd(reason: ExitReason, problem: Problem | undefined): void;
}

/** An instance, wherever it runs. */
export interface RunningInstance {
  /** Connects the instance to a restarted gateway. */
  connectGateway(gateway: MessagePort): void;
  /** Connects the instance to restarted resources; what it asked of the former ones fails. */
  connectResources(resources: MessagePort): void;
  /** Lets the instance run its `onStop` callbacks, once, then ends it; `onEnd` follows. */
  stop(): void;
  /** Ends the instance at once: it sends what no shell sends; `onEnd` follows. */
  expel(cause: string): void;
}

/** The problem of an instance that ended by its own fault. */
export function sliceProblem(detail: string): Problem {
  return new AetherError("SLICE_FAILED", detail).toProblem();
}

/** Whether what reached `onerror` of a worker is a rejected promise or an error. */
export function errorReason(message: string): "rejection" | "error" {
  return message.includes("(in promise)") ? "rejection" : "error";
}
