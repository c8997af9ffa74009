/**
 * The failure detector: which nodes answer.
 *
 * Everybody hears from everybody several times a second, so silence means something. It only drives
 * policy (hints, leader, healing), never quorum sizes. A node that was paused itself distrusts its
 * own suspicions. A refused connection counts at once when a peer cannot reach the node either:
 * that is a dead process, not a bad link.
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
const detectorDefaults: DetectorOptions = { suspectMs: 600, downMs: 1_500, pauseMs: 400 };

/** What is believed about a node. */
export type Belief = "alive" | "suspect" | "down";

/** What a node says about others in its heartbeats. */
export interface Opinion {
  /** Nodes that refuse its connections. */
  readonly unreachable: readonly string[];
  /** Nodes that it believes to be down. */
  readonly down: readonly string[];
}

/** A change of belief. */
export interface BeliefChange {
  readonly node: string;
  readonly from: Belief;
  readonly to: Belief;
}

interface Peer {
  heardAtMs: number;
  /** Whether connections to it are refused. */
  refused: boolean;
  belief: Belief;
  /** What it said last. */
  opinion: Opinion;
}

const noOpinion: Opinion = { unreachable: [], down: [] };

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
      const peer: Peer = { heardAtMs: nowMs, refused: false, belief: "alive", opinion: noOpinion };
      this.#peers.set(node, peer);
    }
  }

  /** A frame of a node has arrived, maybe with what the node says about others. */
  heard(node: string, nowMs: number, opinion?: Opinion): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    peer.heardAtMs = nowMs;
    peer.refused = false;
    if (opinion !== undefined) peer.opinion = opinion;
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

  /** What this node tells the others. */
  get opinion(): Opinion {
    const those = (isMeant: (peer: Peer) => boolean) =>
      [...this.#peers].filter(([, peer]) => isMeant(peer)).map(([node]) => node);
    return {
      unreachable: those(({ refused }) => refused),
      down: those(({ belief }) => belief === "down"),
    };
  }

  /**
   * Whether a node that is down for this node is so for the others too, and not just behind a bad
   * link: a majority of the voters says it, or everybody who is heard here.
   */
  isLost(node: string, voters: readonly string[]): boolean {
    if (this.beliefOf(node) !== "down") return false;
    const others = voters.filter((voter) => voter !== node);
    const heard = others.flatMap((voter) => {
      const peer = this.#peers.get(voter);
      return peer === undefined || peer.belief === "down" ? [] : [peer];
    });
    const agreeing = heard.filter(({ opinion }) => opinion.down.includes(node)).length;
    return agreeing === heard.length || agreeing + 1 > voters.length / 2;
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
      const to = this.#judge(node, peer, nowMs);
      if (to === peer.belief) continue;
      changes.push({ node, from: peer.belief, to });
      peer.belief = to;
    }
    return changes;
  }

  #judge(node: string, peer: Peer, nowMs: number): Belief {
    const silenceMs = nowMs - peer.heardAtMs;
    const isGone = peer.refused && this.#isConfirmed(node);
    if (silenceMs >= this.#options.downMs || isGone) return "down";
    return silenceMs >= this.#options.suspectMs || peer.refused ? "suspect" : "alive";
  }

  /** Whether a node that still answers is refused too; of two nodes, there is nobody to ask. */
  #isConfirmed(node: string): boolean {
    for (const [other, { belief, opinion }] of this.#peers) {
      if (other !== node && belief !== "down" && opinion.unreachable.includes(node)) return true;
    }
    return this.#peers.size === 1;
  }
}
