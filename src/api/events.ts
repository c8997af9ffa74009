/**
 * Event streams: what happens to the cluster, at the pace of each reader.
 *
 * A stream has no queue of its own: it walks along the node's event log. Who falls behind further
 * than that reaches goes on with the oldest event that is kept, and sees the gap in the numbers.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { EventLog } from "../observe/event_log.ts";
import type { ClusterEventView } from "../protocol/api/cluster.ts";

type Log = EventLog<Omit<ClusterEventView, "revision">>;

/** The event streams of a node. */
export class EventStreams {
  readonly #log: Log;
  readonly #limit: () => number;
  readonly #open = new Set<() => void>();

  /** At most `limit()` at a time. */
  constructor(log: Log, limit: () => number) {
    this.#log = log;
    this.#limit = limit;
  }

  /**
   * The events after a number, and all that follow; undefined: only those that follow.
   *
   * @throws {AetherError} WATCHES_EXHAUSTED.
   */
  open(since: number | undefined): AsyncIterableIterator<ClusterEventView> {
    if (this.#open.size >= this.#limit()) {
      const text = `${this.#open.size} event streams are open, the limit of management.maxWatches`;
      throw new AetherError("WATCHES_EXHAUSTED", text);
    }
    return this.#stream(since ?? this.#log.newest);
  }

  /** Ends all of them. */
  close(): void {
    for (const end of [...this.#open]) end();
  }

  #stream(since: number): AsyncIterableIterator<ClusterEventView> {
    const log = this.#log;
    const open = this.#open;
    let isOver = false;
    let told = since;
    let wake = () => {};
    const unsubscribe = log.onAdd(() => wake());
    const end = () => {
      isOver = true;
      unsubscribe();
      open.delete(end);
      wake();
    };
    open.add(end);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        while (!isOver) {
          const [event] = log.since(told, 1);
          if (event !== undefined) {
            told = event.revision;
            return { done: false, value: event };
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return { done: true, value: undefined };
      },
      return() {
        end();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
