/**
 * {@link DhtViews}: the leader's duty of deciding who holds the data of the DHT.
 *
 * Every member of the cluster does that has told the name of its storage, whether it is up or not:
 * a node that is down for a while keeps what it has. What is decided is a value in the store.
 *
 * @module
 */
import { nextView } from "../../dht/topology.ts";
import { dhtViewKey, keys, leaderKey } from "../../protocol/keys.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { LeaderTask } from "../control/leader.ts";
import { storedValue, storedValues } from "../control/views.ts";

/** Decides about views while this node leads. */
export class DhtViews implements LeaderTask {
  readonly name = "the members of the DHT";
  readonly #store: Pick<ReplicatedStore, "state" | "propose">;
  readonly #log: Logger;

  constructor(store: Pick<ReplicatedStore, "state" | "propose">, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  async step({ term }: Leadership): Promise<number | undefined> {
    const { state } = this.#store;
    const members = new Set(storedValues(state, keys.member).map(({ value }) => value.id));
    const told = storedValues(state, keys.dhtMember)
      .map(({ key, value }) => ({ node: keys.dhtMember.parts(key)[0] ?? "", ...value }));
    const present = told.filter(({ node }) => members.has(node));
    const stored = storedValue(state, keys.dhtView, dhtViewKey);
    const view = stored && { ...stored.value, next: stored.value.next };
    const gone = (view?.members ?? []).filter(({ node }) => !members.has(node));
    const next = nextView(view, {
      wanted: present.map(({ node, storage }) => ({ node, storage })),
      settled: new Map(present.map(({ node, settled }) => [node, settled])),
      lost: new Set(gone.map(({ storage }) => storage)),
    });
    if (next === undefined) return undefined;
    this.#log.info("The members of the DHT change", {
      revision: next.revision,
      members: next.members.map(({ node }) => node),
      next: next.next?.map(({ node }) => node),
    });
    await this.#store.propose("leader", {
      compare: [
        { key: leaderKey, revision: term },
        { key: dhtViewKey, revision: stored?.revision ?? 0 },
      ],
      then: [keys.dhtView.put(dhtViewKey, {
        revision: next.revision,
        members: [...next.members],
        lost: [...next.lost],
        ...(next.next === undefined ? {} : { next: [...next.next] }),
      })],
      otherwise: [],
    });
    return undefined;
  }

  reset(): void {}
}
