/**
 * Keeps the books of what one slice process may send, so that a flood or a forgery ends at the
 * relay: answers only to calls that were made, and no more open requests than a shell would have.
 *
 * Pure. The gateway and the resources check the rest of every message, as in the worker tier.
 *
 * @module
 */
import { type Batch, frame, frameWidth, replyKind } from "../../protocol/thread/instance.ts";
import { LogLimit } from "../log_limit.ts";

/** Limits of a slice process; the shell keeps well within them. */
const limits = {
  /** Messages that make no sense. */
  malformed: 100,
  /** Calls to other slices that wait. */
  invokes: 10_000,
  /** Requests to resources that wait. */
  requests: 10_000,
  linesPerSecond: 2_000,
  /** Log lines that were left out. */
  lostLines: 100_000,
  /** Calls without an answer whose numbers are remembered. */
  calls: 100_000,
} as const;

/** The books of one process. */
export class Traffic {
  readonly #calls = new Set<number>();
  /** What the process reads: streams that answer its calls, by minus the call's number. */
  readonly #reads = new Set<number>();
  readonly #logLimit = new LogLimit(limits.linesPerSecond);
  #malformed = 0;
  #invokes = 0;
  #requests = 0;
  #lostLines = 0;

  /** Why the process must be ended, or undefined. */
  get excess(): string | undefined {
    if (this.#malformed > limits.malformed) return "it sends messages that no shell sends";
    if (this.#invokes > limits.invokes) return `more than ${limits.invokes} of its calls wait`;
    if (this.#requests > limits.requests) {
      return `more than ${limits.requests} of its resource requests wait`;
    }
    return this.#lostLines > limits.lostLines ? "it floods the log" : undefined;
  }

  /** Counts a message that makes no sense. */
  malformed(): void {
    this.#malformed++;
  }

  /** Notes what goes to the process. */
  sent(batch: Batch): void {
    for (let at = 0; at < batch.length; at += frameWidth) {
      const id = batch[at + 1] as number;
      if (batch[at] === frame.call) this.#calls.add(id);
      else if (batch[at] === frame.end) this.#reads.delete(id);
      else if (batch[at] === frame.reply) {
        this.#invokes = Math.max(0, this.#invokes - 1);
        if (batch[at + 2] === replyKind.stream) this.#reads.add(-id);
      }
    }
    if (this.#calls.size > limits.calls) {
      // The oldest have no deadline left.
      const [oldest] = this.#calls;
      if (oldest !== undefined) this.#calls.delete(oldest);
    }
  }

  /** What of a batch from the process may go to the gateway. */
  received(value: unknown): Batch {
    if (!Array.isArray(value) || value.length % frameWidth !== 0) {
      this.#malformed++;
      return [];
    }
    const passed: Batch = [];
    for (let at = 0; at < value.length; at += frameWidth) {
      const frameOf = value.slice(at, at + frameWidth) as Batch;
      if (this.#passes(frameOf)) passed.push(...frameOf);
      else if (!crossesEnd(frameOf)) this.#malformed++;
    }
    return passed;
  }

  #passes([kind, id, first]: Batch): boolean {
    switch (kind) {
      case frame.invoke:
        this.#invokes++;
        return typeof id === "number";
      case frame.reply:
        // A call that is answered with a stream or a socket goes on.
        if (first === replyKind.stream || first === replyKind.socket) {
          return this.#calls.has(id as number);
        }
        return this.#calls.delete(id as number);
      case frame.end:
        return this.#calls.delete(id as number);
      case frame.data:
        return this.#calls.has(id as number);
      case frame.credit:
        return this.#calls.has(id as number) || this.#reads.has(id as number);
      case frame.abort:
        return this.#reads.delete(id as number);
      default:
        return false;
    }
  }

  /** An answer of the resources goes to the process. */
  answered(): void {
    this.#requests = Math.max(0, this.#requests - 1);
  }

  /** Nobody will answer the open requests: the shell fails them itself. */
  requestsLost(): void {
    this.#requests = 0;
  }

  /** Whether a message of the process may go to the resources. */
  requests(value: unknown, nowMs: number): boolean {
    if (typeof value !== "object" || value === null || !("op" in value)) {
      this.#malformed++;
      return false;
    }
    if (value.op === "log") {
      const { passes } = this.#logLimit.admit(nowMs);
      if (!passes) this.#lostLines++;
      return passes;
    }
    this.#requests++;
    return true;
  }
}

/** Whether a frame is of a stream that the process reads: it may cross with the stream's end. */
function crossesEnd([kind, id]: Batch): boolean {
  return (kind === frame.credit || kind === frame.abort) && typeof id === "number" && id < 0;
}
