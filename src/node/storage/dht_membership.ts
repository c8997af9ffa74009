/**
 * {@link DhtMembershipWriter}: writes what this node's storage tells of itself into the store.
 *
 * Without a quorum it tries again until it is written or the storage tells something newer.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import { keys } from "../../protocol/keys.ts";
import { type DhtMembership, dhtTopics } from "../../protocol/storage/dht.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValue } from "../control/views.ts";

const retryMs = 500;

/** What it needs. */
export interface DhtMembershipOptions {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly line: Pick<ThreadLine, "handle">;
  readonly clock: Clock;
}

/** Writes `dhtmember/{node}`. */
export class DhtMembershipWriter {
  readonly #options: DhtMembershipOptions;
  #wanted: DhtMembership | undefined;
  #isWriting = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: DhtMembershipOptions) {
    this.#options = options;
    options.line.handle(dhtTopics.membership, (told: DhtMembership) => {
      this.#wanted = told;
      this.#write();
    });
  }

  /** Writes nothing any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined || this.#isWriting || this.#closed) return;
    const { node, store, clock } = this.#options;
    const key = keys.dhtMember.key(node);
    const known = storedValue(store.state, keys.dhtMember, key)?.value;
    if (known?.storage === wanted.storage && known.settled >= wanted.settled) return;
    this.#isWriting = true;
    try {
      const { storage, settled } = wanted;
      await store.propose("node", {
        compare: [],
        then: [keys.dhtMember.put(key, { storage, settled })],
        otherwise: [],
      });
      this.#isWriting = false;
      if (this.#wanted !== wanted) this.#write();
    } catch {
      this.#isWriting = false;
      if (!this.#closed) this.#timer = clock.setTimer(retryMs, () => this.#write());
    }
  }
}
