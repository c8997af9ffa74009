/**
 * Watches: the changes of the user's keys, in order, all of a transaction together, none left out.
 *
 * A watch has no queue of its own: it walks along the store's history at the pace of its reader.
 * Who falls behind further than the history reaches gets a last message, "compacted".
 *
 * @module
 */
import { encodeBase64, textOf } from "./values.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { AetherError } from "../base/errors.ts";
import type { ReplicatedStore } from "../node/cluster/replicated_store.ts";
import type { WatchEvent, WatchMessage } from "../protocol/api/data/kv.ts";
import { userPrefix } from "../protocol/store/user_key.ts";
import type { PastChange, PastEvent } from "../store/history.ts";

/** Time after which a watch without matching changes says how far it is. */
const progressMs = 5_000;
/** Changes that are looked at before others get their turn. */
const changesPerTurn = 500;

/** The store as watches see it. */
export type WatchedStore = Pick<ReplicatedStore, "history" | "onChange">;

/** What a watch is about. */
export interface WatchOptions {
  /** Start of the keys, without `user/`. */
  readonly prefix: string;
  /** Later changes follow; undefined: those from now on. */
  readonly from: number | undefined;
}

/** The watches of a node. */
export class Watches {
  readonly #store: WatchedStore;
  readonly #clock: Clock;
  readonly #limit: () => number;
  readonly #open = new Set<Watch>();

  /** At most `limit()` at a time. */
  constructor(store: WatchedStore, clock: Clock, limit: () => number) {
    this.#store = store;
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Watches that are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a watch; it ends by `return()`.
   *
   * @throws {AetherError} COMPACTED when it would miss something, WATCHES_EXHAUSTED.
   */
  open({ prefix, from }: WatchOptions): AsyncIterableIterator<WatchMessage> {
    if (this.#open.size >= this.#limit()) {
      const text = `${this.#open.size} watches are open, the limit of management.maxWatches`;
      throw new AetherError("WATCHES_EXHAUSTED", text);
    }
    const { history } = this.#store;
    if (from !== undefined) history.changesSince(from, 1);
    const watch = new Watch(this.#store, this.#clock, {
      prefix: userPrefix + prefix,
      after: from ?? history.revision,
      onEnd: () => this.#open.delete(watch),
    });
    this.#open.add(watch);
    return watch;
  }

  /** Ends all of them. */
  close(): void {
    for (const watch of this.#open) watch.end();
  }
}

interface Cursor {
  readonly prefix: string;
  readonly after: number;
  onEnd(): void;
}

class Watch implements AsyncIterableIterator<WatchMessage> {
  readonly #store: WatchedStore;
  readonly #clock: Clock;
  readonly #cursor: Cursor;
  readonly #unsubscribe: () => void;
  /** Everything up to this revision was looked at. */
  #revision: number;
  /** Revision of the last message; -1 before the first. */
  #told = -1;
  #toldAtMs = 0;
  #isOver = false;
  #wake: () => void = () => {};
  #timer: Timer | undefined;

  constructor(store: WatchedStore, clock: Clock, cursor: Cursor) {
    this.#store = store;
    this.#clock = clock;
    this.#cursor = cursor;
    this.#revision = cursor.after;
    this.#unsubscribe = store.onChange(() => this.#wake());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<WatchMessage, undefined>> {
    while (!this.#isOver) {
      // The first message tells where the watch begins, to go on there after a broken connection.
      if (this.#told < 0) return this.#tell({ type: "progress", revision: this.#revision });
      const found = this.#look();
      if (found !== undefined) return this.#tell(found);
      const silentMs = this.#clock.monotonicMs() - this.#toldAtMs;
      if (silentMs >= progressMs && this.#told < this.#revision) {
        return this.#tell({ type: "progress", revision: this.#revision });
      }
      const isBehind = this.#revision < this.#store.history.revision;
      await this.#rest(isBehind ? 0 : silentMs < progressMs ? progressMs - silentMs : progressMs);
    }
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<WatchMessage, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the watch, also while its next message is being waited for. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unsubscribe();
    this.#cursor.onEnd();
    this.#wake();
  }

  /** The next matching change, as far as one turn gets. */
  #look(): WatchMessage | undefined {
    const { history } = this.#store;
    if (this.#revision < history.compacted) {
      this.end();
      return { type: "compacted", revision: history.compacted };
    }
    for (const change of history.changesSince(this.#revision, changesPerTurn)) {
      this.#revision = change.revision;
      const events = this.#matching(change);
      if (events.length > 0) return { type: "change", revision: change.revision, events };
    }
    return undefined;
  }

  #matching({ events }: PastChange): WatchEvent[] {
    return events.filter(({ key }) => key.startsWith(this.#cursor.prefix)).map(watchEvent);
  }

  #tell(value: WatchMessage): IteratorResult<WatchMessage, undefined> {
    this.#told = value.revision;
    this.#toldAtMs = this.#clock.monotonicMs();
    return { done: false, value };
  }

  /** Waits for a change, for the end, or for a time. */
  async #rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#clock.setTimer(ms, resolve);
    });
    this.#timer?.cancel();
    this.#wake = () => {};
  }
}

function watchEvent({ key, entry }: PastEvent): WatchEvent {
  const name = key.slice(userPrefix.length);
  if (entry === undefined) return { key: name, op: "delete" };
  const { value, contentType, createRevision } = entry;
  const text = textOf(value);
  return {
    key: name,
    op: "put",
    value: text ?? encodeBase64(value),
    encoding: text === undefined ? "base64" : "utf8",
    contentType,
    createRevision,
  };
}
