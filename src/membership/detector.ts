/**
 * The failure detector: which nodes answer.
 *
 * Everybody hears from everybody several times a second, so silence means something. It only drives
 * policy (hints, leader, healing), never quorum sizes. A node that was paused itself distrusts its
 * own suspicions. A refused connection counts at once when a peer cannot reach the node either: that
 * is a dead process, not a bad link.
 *
 * @module
 */

/** Times of the detector, in milliseconds. */
export interface DetectorOptions {
  /** Silence after which a node is suspected. */
  readonly suspectMs: number;
  /** Silence after which a node counts as down. */
  readonly downMs: number;
  /** Time between ticks above which this process was paused. */
  readonly pauseMs: number;
}

/** Values for one data centre. */
export const detectorDefaults: DetectorOptions = { suspectMs: 600, downMs: 1_500, pauseMs: 400 };

/** What is believed about a node. */
export type Belief = "alive" | "suspect" | "down";

/** A change of belief. */
export interface BeliefChange {
  readonly node: string;
  readonly from: Belief;
  readonly to: Belief;
}

interface Peer {
  heardAtMs: number;
  /** Since when connections to it are refused. */
  refused: boolean;
  /** Peers that said they cannot reach it. */
  readonly unreachableFor: Set<string>;
  belief: Belief;
}

/** Beliefs of one node about the others. */
export class FailureDetector {
  readonly #options: DetectorOptions;
  readonly #peers = new Map<string, Peer>();
  #tickedAtMs: number | undefined;

  constructor(options: DetectorOptions = detectorDefaults) {
    this.#options = options;
  }

  /** Follows exactly these nodes; a new one starts as alive. */
  follow(nodes: Iterable<string>, nowMs: number): void {
    const wanted = new Set(nodes);
    for (const node of this.#peers.keys()) if (!wanted.has(node)) this.#peers.delete(node);
    for (const node of wanted) {
      if (this.#peers.has(node)) continue;
      const unreachableFor = new Set<string>();
      this.#peers.set(node, { heardAtMs: nowMs, refused: false, unreachableFor, belief: "alive" });
    }
  }

  /** A frame of a node has arrived, and whom it cannot reach. */
  heard(node: string, nowMs: number, unreachable: readonly string[] = []): void {
    const peer = this.#peers.get(node);
    if (peer !== undefined) {
      peer.heardAtMs = nowMs;
      peer.refused = false;
      peer.unreachableFor.clear();
    }
    for (const [other, state] of this.#peers) {
      if (unreachable.includes(other)) state.unreachableFor.add(node);
      else state.unreachableFor.delete(node);
    }
  }

  /** A connection to a node was refused: nothing listens there. */
  refused(node: string): void {
    const peer = this.#peers.get(node);
    if (peer !== undefined) peer.refused = true;
  }

  /** What is believed about a node; a stranger is down. */
  beliefOf(node: string): Belief {
    return this.#peers.get(node)?.belief ?? "down";
  }

  /** Nodes whose connections are refused, to be told to the others. */
  unreachable(): string[] {
    return [...this.#peers].filter(([, peer]) => peer.refused).map(([node]) => node);
  }

  /** Nodes that are not believed to be alive. */
  suspected(): Set<string> {
    return new Set(
      [...this.#peers].filter(([, peer]) => peer.belief !== "alive").map(([node]) => node),
    );
  }

  /** Time has passed; answers what is believed differently now. */
  tick(nowMs: number): BeliefChange[] {
    const { pauseMs } = this.#options;
    const wasPaused = this.#tickedAtMs !== undefined && nowMs - this.#tickedAtMs > pauseMs;
    this.#tickedAtMs = nowMs;
    const changes: BeliefChange[] = [];
    for (const [node, peer] of this.#peers) {
      // After a pause of this process everybody gets a new chance to be heard.
      if (wasPaused) peer.heardAtMs = nowMs;
      const to = this.#judge(peer, nowMs);
      if (to === peer.belief) continue;
      changes.push({ node, from: peer.belief, to });
      peer.belief = to;
    }
    return changes;
  }

  #judge(peer: Peer, nowMs: number): Belief {
    const silenceMs = nowMs - peer.heardAtMs;
    const confirmations = this.#peers.size === 1 ? 0 : 1;
    const isGone = peer.refused && peer.unreachableFor.size >= confirmations;
    if (silenceMs >= this.#options.downMs || isGone) return "down";
    return silenceMs >= this.#options.suspectMs || peer.refused ? "suspect" : "alive";
  }
}
