/**
 * One node's part in the cluster: links, heartbeats, failure detection, leader, and the store.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { type BeliefChange, FailureDetector } from "../../membership/detector.ts";
import { shouldLead, successorOf } from "../../membership/leader_choice.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import type { PeerFrame, RefusalCode } from "../../protocol/peer/frame.ts";
import type { Hello, NodeAddress } from "../../protocol/peer/hello.ts";
import type { Logger } from "../../sdk/logger.ts";
import { Asks } from "./asks.ts";
import type { Genesis } from "./genesis.ts";
import { Members } from "./members/members.ts";
import type { LinkProblems, PeerLinks } from "./peer_links.ts";
import type { ReplicatedStore } from "./replicated_store.ts";
import { SnapshotTransfer } from "./snapshots/snapshot_transfer.ts";

const heartbeatMs = 200;
const leadRetryMs = 300;
/** A leader that stops waits so long for its successor to be written. */
const handOverMs = 2_000;
/** How long the link of a removed node is kept. */
const farewellMs = 1_000;
/** Kinds of keys that say who belongs to the cluster, and who votes. */
const memberKeys = [keys.member, keys.cluster, keys.roster].map(({ prefix }) => prefix);

/** Who leads, and in which term. */
export interface Leadership {
  readonly node: string;
  /** Revision of the change; it fences what the leader writes. */
  readonly term: number;
}

/** Something that happened to the cluster. */
export type ClusterEvent =
  | { readonly type: "quorum"; readonly hasQuorum: boolean; readonly sequence: number }
  | { readonly type: "leader"; readonly leader: Leadership | undefined }
  | { readonly type: "belief"; readonly change: BeliefChange };

/** What a cluster node consists of. */
export interface ClusterParts {
  readonly node: string;
  readonly genesis: Genesis;
  readonly store: ReplicatedStore;
  /** Undefined when the node is alone. */
  readonly links: PeerLinks | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bytes of the largest snapshot or artifact of another node. */
  readonly answerBytesMax: number;
  /** Addresses that the operator names now; newer than what the nodes remember. */
  readonly peers?: readonly NodeAddress[];
  /** The node was removed from the cluster, which does not need it any more: it must stop. */
  onRemoved?(): void;
}

/** A member of a cluster. */
export class Cluster {
  readonly store: ReplicatedStore;
  /** The nodes of the cluster. */
  readonly members: Members;
  readonly #parts: ClusterParts;
  readonly #detector = new FailureDetector();
  readonly #asks: Asks;
  readonly #snapshots: SnapshotTransfer;
  readonly #listeners = new Set<(event: ClusterEvent) => void>();
  #timer: Timer | undefined;
  #hasQuorum: boolean;
  #quorumSequence = 0;
  #leader: Leadership | undefined;
  #leadAgainAtMs = 0;
  #isStopping = false;
  /** Where the others may be. */
  #places: readonly NodeAddress[] = [];
  /** Where those were that were removed a moment ago. */
  #leaving: readonly NodeAddress[] = [];
  #farewell: Timer | undefined;

  constructor(parts: ClusterParts) {
    const { node, genesis, store, links, clock, log, answerBytesMax, peers = [] } = parts;
    this.#parts = parts;
    this.store = store;
    this.#hasQuorum = links === undefined;
    this.#asks = new Asks({
      clock,
      answerBytesMax,
      send: (node, frame) => links?.send(node, frame) ?? false,
      queuedBytes: (node) => links?.queuedBytes(node) ?? 0,
    });
    const { cluster, founders } = genesis;
    this.members = new Members({ node, founders, peers, store, asks: this.#asks });
    this.#snapshots = new SnapshotTransfer({ cluster, asks: this.#asks, store, log });
  }

  /** The cluster's id. */
  get id(): string {
    return this.#parts.genesis.cluster;
  }

  /** Questions to other nodes, and answers to theirs. */
  get asks(): Asks {
    return this.#asks;
  }

  /** Whether a majority of the voters is reachable. */
  get hasQuorum(): boolean {
    return this.#hasQuorum;
  }

  /** Who leads, as the store says. */
  get leader(): Leadership | undefined {
    return this.#leader;
  }

  /** Whether this node leads and may act on it. */
  get isLeader(): boolean {
    return this.#hasQuorum && this.#leader?.node === this.#parts.node;
  }

  /** Nodes with an open link. */
  get connected(): readonly string[] {
    return this.#parts.links?.connected ?? [];
  }

  /** What went wrong with links since the start. */
  get linkProblems(): LinkProblems {
    return this.#parts.links?.problems ?? { refusals: {}, impostors: 0, malformed: 0 };
  }

  /** Whether a node is believed to work. */
  isAlive(node: string): boolean {
    return node === this.#parts.node || this.#detector.beliefOf(node) !== "down";
  }

  /** Number of the last change of {@link Cluster.hasQuorum}. */
  get quorumSequence(): number {
    return this.#quorumSequence;
  }

  /** A peer does not talk to this node. */
  onRefusedBy(node: string, code: RefusalCode): void {
    this.members.refusedBy(node, code);
    this.#considerLeaving();
  }

  /** Calls the listener after each event. */
  onEvent(listener: (event: ClusterEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Takes part. */
  start(): void {
    this.store.onChange(({ events }) => {
      const isFollowed = events.some(({ key }) =>
        memberKeys.some((prefix) => key.startsWith(prefix))
      );
      if (isFollowed) this.#followMembers();
      if (events.some(({ key }) => key === leaderKey)) this.#readLeader();
    }, "system");
    this.store.setQuorum(this.#hasQuorum);
    this.store.start();
    this.#followMembers();
    this.#readLeader();
    this.#tick();
  }

  /** A peer's greeting: it is alive. */
  onHello(hello: Hello): void {
    this.members.accepted(hello.node);
    this.#detector.heard(hello.node, this.#parts.clock.monotonicMs());
  }

  /** A frame of a peer. */
  onFrame(from: string, frame: PeerFrame): void {
    const now = this.#parts.clock.monotonicMs();
    const isStatement = frame.kind === "heartbeat" || frame.kind === "consensus";
    // Who does not even say that it belongs to this cluster knows nothing about it.
    if (isStatement && !this.#isOurs(from)) return;
    switch (frame.kind) {
      case "heartbeat":
        this.#detector.heard(from, now, frame);
        if (this.members.heard(from, frame.header.decidedUpTo)) this.#followMembers();
        this.store.heard(from, frame.header);
        // It may be what was missing to know that somebody is dead.
        if (frame.unreachable.length + frame.down.length > 0) this.#judge();
        break;
      case "consensus":
        this.store.receive(from, frame.header, frame.message);
        break;
      case "ask":
      case "answer":
        this.#asks.receive(from, frame);
        break;
      case "hello":
      case "refusal":
        break;
    }
  }

  #isOurs(node: string): boolean {
    const { links, genesis } = this.#parts;
    return links?.helloOf(node)?.cluster === genesis.cluster;
  }

  /** The link with a peer has ended. */
  onLost(node: string): void {
    this.#asks.lost(node);
  }

  /** Nothing listens at a peer's address. */
  onRefused(node: string): void {
    this.#detector.refused(node);
    this.#heartbeat();
    this.#judge();
  }

  /** A peer has what this node lacks only as a snapshot. */
  installSnapshot(from: string): Promise<void> {
    return this.#snapshots.install(from);
  }

  /** Hands over the leadership, so that nobody has to notice that this node is gone. */
  async prepareStop(): Promise<void> {
    if (this.#isStopping) return;
    const wasLeader = this.isLeader;
    this.#isStopping = true;
    this.#snapshots.stop();
    const successor = wasLeader ? successorOf(this.#leaderInput()) : undefined;
    if (successor === undefined) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.setTimer(handOverMs, resolve);
    const written = this.#writeLeader(successor).catch(() => {
      // The others will notice by themselves.
    });
    await Promise.race([written, late]);
    timer.cancel();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#isStopping = true;
    this.#snapshots.stop();
    this.#timer?.cancel();
    this.#farewell?.cancel();
    await this.#parts.links?.close();
    await this.store.close();
  }

  #tick(): void {
    this.#heartbeat();
    this.#judge();
    this.#timer = this.#parts.clock.setTimer(heartbeatMs, () => this.#tick());
  }

  #heartbeat(): void {
    this.#parts.links?.broadcast({
      kind: "heartbeat",
      header: this.store.header(),
      ...this.#detector.opinion,
    });
  }

  /** Draws the conclusions from who answers. */
  #judge(): void {
    const changes = this.#detector.tick(this.#parts.clock.monotonicMs());
    for (const change of changes) {
      this.#parts.log.info("A node is believed differently", { ...change });
      this.#emit({ type: "belief", change });
    }
    if (changes.length > 0) {
      this.store.suspect(this.#detector.suspected());
      // The others wait for this opinion before they replace a leader.
      this.#heartbeat();
    }
    const { voters } = this.store;
    const alive = voters.filter((voter) => this.isAlive(voter)).length;
    const hasQuorum = alive > voters.length / 2;
    if (hasQuorum !== this.#hasQuorum) {
      this.#hasQuorum = hasQuorum;
      this.#quorumSequence++;
      this.store.setQuorum(hasQuorum);
      this.#parts.log.info(hasQuorum ? "The quorum is there" : "The quorum is lost", {
        alive,
        voters: voters.length,
      });
      this.#emit({ type: "quorum", hasQuorum, sequence: this.#quorumSequence });
    }
    this.#considerLeading();
    this.#considerLeaving();
  }

  /** Stops the node when it was removed and nothing needs it any more. */
  #considerLeaving(): void {
    if (this.#isStopping || !this.members.isDismissed) return;
    this.#isStopping = true;
    const { node, log, onRemoved } = this.#parts;
    log.warn("The node was removed from the cluster and stops", { node });
    onRemoved?.();
  }

  #considerLeading(): void {
    const now = this.#parts.clock.monotonicMs();
    if (!this.#hasQuorum || this.#isStopping || now < this.#leadAgainAtMs) return;
    if (!shouldLead(this.#leaderInput())) return;
    this.#leadAgainAtMs = now + leadRetryMs;
    this.#writeLeader(this.#parts.node).catch((error) => {
      this.#parts.log.debug("The leadership was not taken", {
        error: toAetherError(error).message,
      });
    });
  }

  async #writeLeader(node: string): Promise<void> {
    const revision = this.store.state.get(leaderKey)?.revision ?? 0;
    await this.store.propose("node", {
      compare: [{ key: leaderKey, revision }],
      then: [keys.leader.put(leaderKey, { node })],
      otherwise: [],
    });
  }

  #leaderInput(): Parameters<typeof shouldLead>[0] {
    const { node } = this.#parts;
    const { voters } = this.store;
    const isGone = (other: string) => other !== node && this.#detector.isLost(other, voters);
    return {
      self: node,
      voters,
      current: this.#leader?.node,
      isEligible: (other) => this.isAlive(other) && this.#isOnDuty(other),
      isLost: (other) => isGone(other) || !this.#isOnDuty(other),
    };
  }

  /** A node that has not registered yet, or joins, may lead too: somebody must be the first. */
  #isOnDuty(node: string): boolean {
    const key = keys.member.key(node);
    const entry = this.store.state.get(key);
    if (entry === undefined) return true;
    const { state } = keys.member.decode(key, entry.value);
    return state === "ON_DUTY" || state === "JOINING";
  }

  #readLeader(): void {
    const entry = this.store.state.get(leaderKey);
    const leader = entry === undefined
      ? undefined
      : { node: keys.leader.decode(leaderKey, entry.value).node, term: entry.revision };
    if (leader?.term === this.#leader?.term) return;
    this.#leader = leader;
    this.#parts.log.info("The leader has changed", { leader: leader?.node, term: leader?.term });
    this.#emit({ type: "leader", leader });
  }

  #followMembers(): void {
    const { node, links, clock } = this.#parts;
    this.members.refresh();
    const { places } = this.members;
    const gone = [...this.#places, ...this.#leaving].filter((old) =>
      !places.some(({ id }) => id === old.id)
    );
    this.#places = places;
    this.#leaving = gone;
    links?.follow([...places, ...gone]);
    // Who was removed learns it from the log, for which the link must stay for a moment.
    if (gone.length > 0 && this.#farewell === undefined) {
      this.#farewell = clock.setTimer(farewellMs, () => {
        this.#farewell = undefined;
        this.#leaving = [];
        links?.follow(this.#places);
      });
    }
    const others = this.members.expected.filter((other) => other !== node);
    this.#detector.follow(others, clock.monotonicMs());
  }

  #emit(event: ClusterEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // It would end the heartbeats.
        this.#parts.log.error("A listener of the cluster failed", { error: String(error) });
      }
    }
  }
}
