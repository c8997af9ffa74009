/**
 * What happens to the cluster, as events for people and programs: nodes, voters, leader, quorum,
 * schedules.
 *
 * Most of it is in the store, so that all nodes tell the same; who is down and whether there is a
 * quorum is this node's own view.
 *
 * @module
 */
import type { Clock } from "../../../base/clock.ts";
import { EventLog } from "../../../observe/event_log.ts";
import type { ClusterEventView, EventType } from "../../../protocol/api/cluster.ts";
import { configurationKey, keys, type KeyType } from "../../../protocol/keys.ts";
import type { StoreEvent } from "../../../store/state.ts";
import { scheduleEvents } from "../../schedule/schedule_events.ts";
import type { Cluster, ClusterEvent } from "../cluster.ts";

const eventsMax = 1_000;

/** An event without its number. */
type Unnumbered = Omit<ClusterEventView, "revision">;

/** Keeps the last events of a cluster. */
export class TopologyEvents {
  readonly log: EventLog<Unnumbered>;
  readonly #cluster: Cluster;
  readonly #clock: Clock;

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    // Above the numbers of any former life of this process.
    this.log = new EventLog(eventsMax, Math.floor(clock.wallMs()));
  }

  /** Begins to listen; what the node's own log repeated before is the past. */
  start(): void {
    const { leader, hasQuorum } = this.#cluster;
    if (hasQuorum) this.#onClusterEvent({ type: "quorum", hasQuorum, sequence: 0 });
    if (leader !== undefined) this.#onClusterEvent({ type: "leader", leader });
    this.#cluster.onEvent((event) => this.#onClusterEvent(event));
    this.#cluster.store.onChange(({ events }) => {
      for (const event of events) this.#onStoreEvent(event);
    }, "system");
  }

  #add(type: EventType, detail: string, node?: string): void {
    const atMs = this.#clock.wallMs();
    this.log.add({ type, atMs, detail, ...(node === undefined ? {} : { node }) });
  }

  #onClusterEvent(event: ClusterEvent): void {
    switch (event.type) {
      case "leader":
        return this.#onLeader(event.leader);
      case "quorum":
        return this.#onQuorum(event.hasQuorum);
      case "belief":
        return this.#onBelief(event.change.node, event.change.from, event.change.to);
    }
  }

  #onLeader(leader: Cluster["leader"]): void {
    if (leader === undefined) return this.#add("LEADER_LOST", "Nobody leads");
    this.#add("LEADER_ELECTED", `${leader.node} leads in term ${leader.term}`, leader.node);
  }

  #onQuorum(hasQuorum: boolean): void {
    if (hasQuorum) this.#add("QUORUM_ESTABLISHED", "A majority of the voters is reachable");
    else this.#add("QUORUM_LOST", "No majority of the voters is reachable");
  }

  #onBelief(node: string, from: string, to: string): void {
    if (to === "down") this.#add("NODE_DOWN", `${node} does not answer`, node);
    else if (from === "down") this.#add("NODE_UP", `${node} answers again`, node);
  }

  #onStoreEvent({ key, entry, previous }: StoreEvent): void {
    if (entry === undefined) return;
    const before = <Value>(type: KeyType<Value>) =>
      previous === undefined ? undefined : type.decode(key, previous.value);
    if (key === configurationKey) {
      const { voters } = keys.cluster.decode(key, entry.value);
      return this.#add("VOTERS_CHANGED", `The voters are ${voters.join(", ")}`);
    }
    if (key.startsWith(keys.roster.prefix)) {
      const { status, address } = keys.roster.decode(key, entry.value);
      if (before(keys.roster)?.status === status) return;
      const [node = ""] = keys.roster.parts(key);
      if (status === "added") this.#add("NODE_ADDED", `${node} at ${address} may join`, node);
      else this.#add("NODE_REMOVED", `${node} was removed`, node);
    } else if (key.startsWith(keys.member.prefix)) {
      const { id, incarnation, addresses } = keys.member.decode(key, entry.value);
      if (before(keys.member)?.incarnation === incarnation) return;
      this.#add("NODE_JOINED", `${id} has started at ${addresses.cluster}`, id);
    } else if (key.startsWith(keys.schedule.prefix)) {
      const name = keys.schedule.parts(key).join("/");
      const record = keys.schedule.decode(key, entry.value);
      const happened = scheduleEvents(name, before(keys.schedule), record);
      for (const { type, detail } of happened) this.#add(type, detail);
    } else if (key.startsWith(keys.nodeFires.prefix)) {
      const [node = "", ...parts] = keys.nodeFires.parts(key);
      const fires = keys.nodeFires.decode(key, entry.value);
      const happened = scheduleEvents(parts.join("/"), before(keys.nodeFires), fires);
      for (const { type, detail } of happened) this.#add(type, `${detail}, on ${node}`, node);
    }
  }
}
