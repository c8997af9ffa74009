/**
 * Handlers of the rows about the cluster's nodes, what happened to them, and tokens for new ones.
 *
 * @module
 */
import { systemRandom } from "../../io/random.ts";
import { readIssuer } from "../../io/tls/issuer.ts";
import { JoinTokens } from "../../node/join/join_tokens.ts";
import type { Control } from "../../node/control/control.ts";
import { storedValue } from "../../node/control/views.ts";
import type { clusterRows, eventRows } from "../../protocol/api/cluster.ts";
import type { joinTokenRows } from "../../protocol/api/join_tokens.ts";
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

/** See `protocol/api/join_tokens.ts`. */
export const joinTokenHandlers: Handlers<keyof typeof joinTokenRows> = {
  joinTokenCreate: async ({ body }, { control }) => {
    // A token that no node can redeem would be found out too late.
    const { sha256 } = await readIssuer(control.config);
    const { ttlMs, node = null } = body;
    return { body: await tokensOf(control).create({ ttlMs, node, authority: sha256 }) };
  },
  joinTokenList: async (_request, { control }) => {
    await control.store.readBarrier();
    return { body: { tokens: tokensOf(control).list() } };
  },
  joinTokenRevoke: async ({ params }, { control }) => {
    await tokensOf(control).revoke(params.id);
    return { body: undefined };
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

function tokensOf({ store, clock }: Control): JoinTokens {
  return new JoinTokens({ store, clock, random: systemRandom() });
}
