/**
 * What a node has to change its cluster's members, and to tell what happened to them.
 *
 * @module
 */
import type { Clock } from "../../../base/clock.ts";
import type { Cluster } from "../cluster.ts";
import { MemberChanges } from "./member_changes.ts";
import { TopologyEvents } from "./topology_events.ts";

/** Both, for one node. */
export class Membership {
  readonly changes: MemberChanges;
  readonly events: TopologyEvents;

  /** The membership of one node. */
  constructor(node: string, cluster: Cluster, clock: Clock) {
    this.changes = new MemberChanges(node, cluster, clock);
    this.events = new TopologyEvents(cluster, clock);
  }
}
