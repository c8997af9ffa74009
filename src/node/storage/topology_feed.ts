/**
 * Tells the storage thread who the members of the cluster are, after every change and to every new
 * thread.
 *
 * @module
 */
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import { dhtViewKey, keys } from "../../protocol/keys.ts";
import { type StorageTopology, topologyTopic } from "../../protocol/thread/storage.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValue, storedValues } from "../control/views.ts";

/** What is known of the cluster. */
export interface TopologySource {
  /** "" while there is none. */
  readonly id: string;
  readonly store: Pick<ReplicatedStore, "state" | "onChange">;
  readonly onEvent: Cluster["onEvent"];
  readonly isAlive: Cluster["isAlive"];
}

/** Feeds one storage thread after the other. */
export class TopologyFeed {
  readonly #line: Pick<ThreadLine, "tell" | "onConnect">;
  readonly #source: TopologySource;

  constructor(line: Pick<ThreadLine, "tell" | "onConnect">, source: TopologySource) {
    this.#line = line;
    this.#source = source;
    line.onConnect(() => this.#send());
    source.store.onChange(({ events }) => {
      const prefixes = [keys.member.prefix, keys.dhtView.prefix];
      if (events.some(({ key }) => prefixes.some((each) => key.startsWith(each)))) this.#send();
    }, "system");
    source.onEvent(({ type }) => {
      if (type === "belief") this.#send();
    });
  }

  /** Tells what holds now. */
  #send(): void {
    const { id: cluster, store } = this.#source;
    const members = storedValues(store.state, keys.member).map(({ value }) => ({
      id: value.id,
      address: value.addresses.storage,
      isAlive: this.#source.isAlive(value.id),
    }));
    const { revision } = store.state;
    const stored = storedValue(store.state, keys.dhtView, dhtViewKey)?.value;
    const view = stored && { ...stored, next: stored.next };
    this.#line.tell(topologyTopic, { revision, cluster, members, view } satisfies StorageTopology);
  }
}
