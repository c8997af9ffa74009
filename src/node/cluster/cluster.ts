/**
 * One node's part in the cluster: links, heartbeats, failure detection, leader, and the store.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import { type BeliefChange, FailureDetector } from "../../membership/detector.ts";
import { shouldLead, successorOf } from "../../membership/leader_choice.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import type { PeerFrame } from "../../protocol/peer/frame.ts";
import type { Hello, NodeAddress } from "../../protocol/peer/hello.ts";
import type { Logger } from "../../sdk/logger.ts";
import { Asks } from "./asks.ts";
import { decodeSnapshot, type Genesis } from "./genesis.ts";
import type { LinkProblems, PeerLinks } from "./peer_links.ts";
import type { ReplicatedStore } from "./replicated_store.ts";

const heartbeatMs = 200;
const leadRetryMs = 300;
const snapshotTimeoutMs = 60_000;
/** A leader that stops waits so long for its successor to be written. */
const handOverMs = 2_000;
const snapshotTopic = "snapshot";
/** Of SHA-256. */
const hashBytes = 32;

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
}

/** A member of a cluster. */
export class Cluster {
  readonly store: ReplicatedStore;
  readonly #parts: ClusterParts;
  readonly #detector = new FailureDetector();
  readonly #asks: Asks;
  readonly #listeners = new Set<(event: ClusterEvent) => void>();
  #timer: Timer | undefined;
  #hasQuorum: boolean;
  #quorumSequence = 0;
  #leader: Leadership | undefined;
  #leadAgainAtMs = 0;
  #isInstalling = false;
  #isStopping = false;

  constructor(parts: ClusterParts) {
    const { links, clock, store, answerBytesMax } = parts;
    this.#parts = parts;
    this.store = store;
    this.#hasQuorum = links === undefined;
    this.#asks = new Asks({
      clock,
      answerBytesMax,
      send: (node, frame) => links?.send(node, frame) ?? false,
      queuedBytes: (node) => links?.queuedBytes(node) ?? 0,
    });
    this.#asks.handle(snapshotTopic, () => Promise.resolve(signed(store.snapshot().bytes)));
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

  /** Calls the listener after each event. */
  onEvent(listener: (event: ClusterEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Takes part. */
  start(): void {
    this.store.onChange(({ events }) => {
      const followed = events.some(({ key }) =>
        key.startsWith(keys.member.prefix) || key.startsWith(keys.cluster.prefix)
      );
      if (followed) this.#followMembers();
      if (events.some(({ key }) => key === leaderKey)) this.#readLeader();
    });
    this.store.setQuorum(this.#hasQuorum);
    this.store.start();
    this.#followMembers();
    this.#readLeader();
    this.#tick();
  }

  /** A peer's greeting: it is alive. */
  onHello(hello: Hello): void {
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
  async installSnapshot(from: string): Promise<void> {
    if (this.#isInstalling || this.#isStopping) return;
    this.#isInstalling = true;
    const { log } = this.#parts;
    try {
      const body = new Uint8Array();
      const answer = await this.#asks.ask(from, snapshotTopic, body, snapshotTimeoutMs);
      const bytes = verified(answer);
      const { nextSlot, configurations, state, genesis } = decodeSnapshot(bytes);
      if (genesis.cluster !== this.#parts.genesis.cluster) {
        throw new AetherError("STORAGE_CORRUPT", `Node ${from} sent another cluster's snapshot`);
      }
      if (await this.store.install(nextSlot, configurations, state)) {
        log.info("A snapshot was installed", { from, nextSlot, bytes: bytes.length });
      }
    } catch (error) {
      log.warn("A snapshot could not be installed", { from, error: toAetherError(error).message });
    } finally {
      this.#isInstalling = false;
    }
  }

  /** Hands over the leadership, so that nobody has to notice that this node is gone. */
  async prepareStop(): Promise<void> {
    if (this.#isStopping) return;
    const wasLeader = this.isLeader;
    this.#isStopping = true;
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
    this.#timer?.cancel();
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

  /**
   * Links with all founders and registered members, where the operator says that they are, where
   * they said themselves, and where they began: each may be outdated.
   */
  #followMembers(): void {
    const { node, genesis, peers = [], links, clock } = this.#parts;
    const registered: NodeAddress[] = [];
    for (const [key, entry] of this.store.state.entries(keys.member.prefix)) {
      const member = keys.member.decode(key, entry.value);
      registered.push({ id: member.id, address: member.addresses.cluster });
    }
    const members = new Set([...genesis.founders, ...registered].map(({ id }) => id));
    const places = [...peers, ...registered, ...genesis.founders];
    links?.follow(places.filter(({ id }) => members.has(id)));
    members.delete(node);
    this.#detector.follow(members, clock.monotonicMs());
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

/** A snapshot with its SHA-256 before it. */
function signed(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(hashBytes + bytes.length);
  whole.set(createHash("sha256").update(bytes).digest());
  whole.set(bytes, hashBytes);
  return whole;
}

function verified(whole: Uint8Array): Uint8Array {
  const bytes = whole.subarray(hashBytes);
  const hash = createHash("sha256").update(bytes).digest();
  if (hash.every((byte, index) => byte === whole[index])) return bytes;
  throw new AetherError("STORAGE_CORRUPT", "The snapshot does not match its hash");
}
