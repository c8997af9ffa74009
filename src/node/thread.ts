/**
 * One long-lived thread of the node: its worker, its messages and its heartbeat.
 *
 * @module
 */
import { entryUrl } from "../io/entry.ts";
import type { Heartbeat } from "../protocol/thread/threads.ts";
import { newWorkerThread, threadIds, waitedMs } from "../sandbox/worker_threads.ts";
import { type Moment, ThreadSilence } from "./thread_silence.ts";

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
  /** As the system knows it; undefined where it does not say. */
  readonly #id: number | undefined;
  #silence: ThreadSilence | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sequence = 0;
  #ended = false;

  constructor(
    entry: "control" | "gateway" | "relay" | "resources" | "storage",
    events: ThreadEvents<From>,
  ) {
    this.#events = events;
    this.#silenceMaxMs = patient.has(entry) ? patientSilenceMaxMs : silenceMaxMs;
    const before = threadIds();
    this.#worker = new Worker(entryUrl(entry), {
      type: "module",
      name: entry,
      deno: { permissions: "inherit" },
    });
    this.#id = newWorkerThread(before);
    this.#worker.onmessage = (event: MessageEvent<From | Heartbeat>) => {
      if (this.#ended) return;
      const message = event.data;
      if (message.type === "pong") this.#silence?.answered(this.#now);
      else events.onMessage(message as From);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#die(`it failed: ${event.message}`);
    };
  }

  /** Starts the heartbeat; the thread has answered once by then. */
  watch(): void {
    this.#silence = new ThreadSilence(heartbeatIntervalMs, this.#now);
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

  get #now(): Moment {
    return {
      nowMs: performance.now(),
      waitedMs: this.#id === undefined ? undefined : waitedMs(this.#id),
    };
  }

  #beat(): void {
    const silentMs = this.#silence?.ask(this.#now) ?? 0;
    if (silentMs > this.#silenceMaxMs) {
      this.#die(`it has not answered for ${Math.round(silentMs)} ms`);
      return;
    }
    this.#worker.postMessage({ type: "ping", sequence: this.#sequence++ } satisfies Heartbeat);
  }

  #die(reason: string): void {
    if (this.#ended) return;
    this.terminate();
    this.#events.onDeath(reason);
  }
}
