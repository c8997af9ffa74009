/**
 * Handlers of the rows about the cluster's nodes and what happened to them.
 *
 * @module
 */
import type { Control } from "../../node/control/control.ts";
import { storedValue } from "../../node/control/views.ts";
import type { clusterRows, eventRows } from "../../protocol/api/cluster.ts";
import { keys } from "../../protocol/keys.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/cluster.ts`. */
export const clusterHandlers: Handlers<keyof typeof clusterRows | keyof typeof eventRows> = {
  clusterStatus: (_request, { control }) => ({ body: statusView(control) }),
  clusterMembers: async (_request, { control }) => {
    await control.store.readBarrier();
    const { state } = control.store;
    const removed = [...state.entries(keys.roster.prefix)].flatMap(([key, entry]) => {
      const { status, address, changedAtMs } = keys.roster.decode(key, entry.value);
      const [id = ""] = keys.roster.parts(key);
      return status === "removed" ? [{ id, address, atMs: changedAtMs }] : [];
    });
    return { body: { members: memberViews(control), removed } };
  },
  clusterAdd: async ({ body }, { control }) => {
    await control.membership.changes.add(body.node, body.address);
    return { body: memberView(control, body.node) };
  },
  clusterRemove: async ({ params, query }, { control }) => {
    await control.membership.changes.remove(params.node, query.force === "true");
    return { body: { voters: [...control.store.voters] } };
  },
  clusterPromote: async ({ body }, { control }) => {
    const { nodes, insteadOf, force } = body;
    await control.membership.changes.promote({ nodes, insteadOf, isForced: force });
    return { body: { voters: [...control.store.voters] } };
  },
  eventList: ({ query }, { control }) => {
    const { log } = control.membership.events;
    return { body: { events: [...log.latest(query.since, query.limit)], newest: log.newest } };
  },
  eventStream: ({ query, headers }, { eventStreams }) => {
    const last = headers["last-event-id"];
    return { body: eventStreams.open(last === undefined ? query.since : Number(last)) };
  },
};

function statusView(control: Control) {
  const { cluster, store, config } = control;
  const { voters, configurations, nextSlot } = store;
  const latest = configurations.at(-1);
  const isChanging = latest !== undefined && latest.from > nextSlot;
  return {
    cluster: cluster.id,
    node: config.node.id,
    leader: cluster.leader?.node ?? null,
    term: cluster.leader?.term ?? null,
    revision: store.state.revision,
    slot: nextSlot,
    quorum: {
      established: cluster.hasQuorum,
      needed: Math.floor(voters.length / 2) + 1,
      alive: voters.filter((voter) => cluster.isAlive(voter)).length,
      sequence: cluster.quorumSequence,
    },
    voters: [...voters],
    followers: cluster.members.all.filter((node) => !voters.includes(node)),
    nextVoters: isChanging ? [...latest.members] : null,
    nodes: memberViews(control),
  };
}

function memberViews(control: Control) {
  return control.cluster.members.all.map((node) => memberView(control, node));
}

function memberView(control: Control, id: string) {
  const { cluster, store, config } = control;
  const member = storedValue(store.state, keys.member, keys.member.key(id))?.value;
  return {
    id,
    role: store.voters.includes(id) ? "voter" as const : "follower" as const,
    state: member?.state ?? "JOINING",
    leader: cluster.leader?.node === id,
    self: config.node.id === id,
    alive: cluster.isAlive(id),
    address: cluster.members.addressOf(id),
    slotsBehind: cluster.members.slotsBehind(id) ?? null,
    version: member?.version ?? "",
  };
}
