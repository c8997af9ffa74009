/**
 * One long-lived thread of the node: its worker, its messages and its heartbeat.
 *
 * @module
 */
import { entryUrl } from "../io/entry.ts";
import type { Heartbeat } from "../protocol/thread/threads.ts";

const heartbeatIntervalMs = 500;
/** Longest silence of a thread whose restart is cheap. */
const silenceMaxMs = 2_000;
/**
 * Of threads that a restart does not help: control, without which the gateway serves for a while,
 * and storage, whose writes to a busy disk are synchronous.
 */
const patientSilenceMaxMs = 10_000;
const patient: ReadonlySet<string> = new Set(["control", "storage"]);

/** What a thread tells its owner. */
export interface ThreadEvents<From> {
  onMessage(message: From): void;
  /** The thread has died or stopped answering; the reason is for people. */
  onDeath(reason: string): void;
}

/** A worker with a heartbeat; made by the supervisor only. */
export class Thread<To extends { readonly type: string }, From extends { readonly type: string }> {
  readonly #worker: Worker;
  readonly #events: ThreadEvents<From>;
  readonly #silenceMaxMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sequence = 0;
  #answeredAt = performance.now();
  #askedAt = performance.now();
  #ended = false;

  constructor(
    entry: "control" | "gateway" | "relay" | "resources" | "storage",
    events: ThreadEvents<From>,
  ) {
    this.#events = events;
    this.#silenceMaxMs = patient.has(entry) ? patientSilenceMaxMs : silenceMaxMs;
    this.#worker = new Worker(entryUrl(entry), {
      type: "module",
      name: entry,
      deno: { permissions: "inherit" },
    });
    this.#worker.onmessage = (event: MessageEvent<From | Heartbeat>) => {
      if (this.#ended) return;
      const message = event.data;
      if (message.type === "pong") this.#answeredAt = performance.now();
      else events.onMessage(message as From);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#die(`it failed: ${event.message}`);
    };
  }

  /** Starts the heartbeat; the thread has answered once by then. */
  watch(): void {
    this.#answeredAt = performance.now();
    this.#askedAt = this.#answeredAt;
    this.#timer = setInterval(() => this.#beat(), heartbeatIntervalMs);
  }

  /** Posts a message. */
  post(message: To, transfer: Transferable[] = []): void {
    if (!this.#ended) this.#worker.postMessage(message, transfer);
  }

  /** Ends the thread without asking it. */
  terminate(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#worker.terminate();
  }

  #beat(): void {
    const now = performance.now();
    // A pause of this process (a stopped machine) is not the other thread's silence.
    const paused = now - this.#askedAt > 2 * heartbeatIntervalMs;
    if (paused) this.#answeredAt = now;
    if (now - this.#answeredAt > this.#silenceMaxMs) {
      this.#die(`it has not answered for ${Math.round(now - this.#answeredAt)} ms`);
      return;
    }
    this.#askedAt = now;
    this.#worker.postMessage({ type: "ping", sequence: this.#sequence++ } satisfies Heartbeat);
  }

  #die(reason: string): void {
    if (this.#ended) return;
    this.terminate();
    this.#events.onDeath(reason);
  }
}
