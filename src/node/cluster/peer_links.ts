/**
 * Links to the other nodes: one per node, kept up, with a greeting at the start.
 *
 * Of two nodes the one with the greater id dials; the other one only when it has waited in vain. A
 * link on which nothing arrives for a second is closed and dialled again, because TCP alone takes
 * minutes to notice that a host is gone. Frames of strangers and of other clusters are refused.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { ByteWriter, DecodeError } from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Address, Link, Transport } from "../../base/transport/transport.ts";
import { decodeFrame, encodeFrame, type PeerFrame } from "../../protocol/peer/frame.ts";
import type { Hello, NodeAddress } from "../../protocol/peer/hello.ts";
import type { Logger } from "../../sdk/logger.ts";

const dialTimeoutMs = 500;
const backoffMinMs = 40;
const backoffMaxMs = 500;
/** How long the node with the smaller id waits to be dialled. */
const passiveWaitMs = 600;
const greetingTimeoutMs = 1_000;
const silenceMaxMs = 1_000;
const sweepMs = 200;

/** What links need and tell. */
export interface PeerLinksOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What this node says of itself, at each greeting. */
  hello(): Hello;
  onHello(hello: Hello): void;
  onFrame(from: string, frame: PeerFrame): void;
  /** Nothing listens at a node's address. */
  onRefused(node: string): void;
}

interface Peer {
  readonly id: string;
  address: string;
  link: Link | undefined;
  /** The other end's boot, and who dialled. */
  bootNonce: string;
  dialledBy: string;
  isDialling: boolean;
  backoffMs: number;
  /** Since when there is no link. */
  downSinceMs: number;
  heardAtMs: number;
  timer: Timer | undefined;
}

/** The links of one node. */
export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #greeting = new Set<Link>();
  readonly #writer = new ByteWriter();
  #sweep: Timer | undefined;
  #closed = false;
  #malformed = 0;

  constructor(options: PeerLinksOptions) {
    this.#options = options;
  }

  /** Frames that could not be read; each closed its link. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Nodes with an open link. */
  get connected(): string[] {
    return [...this.#peers.values()].filter(({ link }) => link !== undefined).map(({ id }) => id);
  }

  /** Takes links from now on; answers the address. */
  async listen(): Promise<Address> {
    const address = await this.#options.transport.listen((link) => this.#greet(link, undefined));
    this.#scheduleSweep();
    return address;
  }

  /** The nodes to be linked with; others are let go. */
  follow(nodes: readonly NodeAddress[]): void {
    const { node } = this.#options.hello();
    const wanted = new Map(nodes.filter(({ id }) => id !== node).map((each) => [each.id, each]));
    for (const [id, peer] of this.#peers) {
      if (wanted.has(id)) continue;
      this.#peers.delete(id);
      peer.timer?.cancel();
      peer.link?.close("The node is not a member any more");
    }
    for (const { id, address } of wanted.values()) {
      const peer = this.#peers.get(id);
      if (peer !== undefined) peer.address = address;
      else this.#addPeer(id, address);
    }
  }

  /** Sends a frame to a node; false when there is no link or its queue is full. */
  send(node: string, frame: PeerFrame): boolean {
    const link = this.#peers.get(node)?.link;
    return link?.send(encodeFrame(frame, this.#writer)) ?? false;
  }

  /** Sends a frame to every linked node. */
  broadcast(frame: PeerFrame): void {
    const bytes = encodeFrame(frame, this.#writer);
    for (const { link } of this.#peers.values()) link?.send(bytes);
  }

  /** Bytes that wait for a node. */
  queuedBytes(node: string): number {
    return this.#peers.get(node)?.link?.queuedBytes ?? 0;
  }

  /** Says hello again, because what this node says has changed. */
  greetAgain(): void {
    this.broadcast({ kind: "hello", hello: this.#options.hello() });
  }

  /** Closes everything. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.cancel();
    for (const peer of this.#peers.values()) peer.timer?.cancel();
    await this.#options.transport.close();
  }

  #addPeer(id: string, address: string): void {
    const now = this.#options.clock.monotonicMs();
    const peer: Peer = {
      id,
      address,
      link: undefined,
      bootNonce: "",
      dialledBy: "",
      isDialling: false,
      backoffMs: backoffMinMs,
      downSinceMs: now,
      heardAtMs: now,
      timer: undefined,
    };
    this.#peers.set(id, peer);
    this.#scheduleDial(peer, this.#options.hello().node > id ? 0 : passiveWaitMs);
  }

  #scheduleDial(peer: Peer, delayMs: number): void {
    if (this.#closed || peer.isDialling) return;
    peer.timer?.cancel();
    peer.timer = this.#options.clock.setTimer(delayMs, () => {
      this.#dial(peer);
    });
  }

  async #dial(peer: Peer): Promise<void> {
    if (this.#closed || peer.link !== undefined || this.#peers.get(peer.id) !== peer) return;
    peer.isDialling = true;
    const { transport, random, onRefused } = this.#options;
    let failed = false;
    try {
      const link = await transport.dial(parseAddress(peer.address), { timeoutMs: dialTimeoutMs });
      this.#greet(link, peer);
    } catch (error) {
      failed = true;
      if (error instanceof AetherError && error.name === "UNREACHABLE") onRefused(peer.id);
    }
    peer.isDialling = false;
    if (!failed) return;
    const delayMs = peer.backoffMs * (0.5 + random.nextFloat());
    peer.backoffMs = Math.min(peer.backoffMs * 2, backoffMaxMs);
    this.#scheduleDial(peer, delayMs);
  }

  /** Says hello on a new link and waits for the other's. */
  #greet(link: Link, dialled: Peer | undefined): void {
    this.#greeting.add(link);
    let from: Peer | undefined;
    const timer = this.#options.clock.setTimer(greetingTimeoutMs, () => {
      if (from === undefined) link.close("No greeting came in time");
    });
    link.send(encodeFrame({ kind: "hello", hello: this.#options.hello() }, this.#writer));
    link.start({
      onFrame: (bytes) => {
        const frame = this.#decode(bytes);
        if (from === undefined) {
          from = this.#onGreeting(link, frame, dialled);
          this.#greeting.delete(link);
          if (from === undefined) return;
        }
        from.heardAtMs = this.#options.clock.monotonicMs();
        if (frame.kind === "hello") this.#options.onHello(frame.hello);
        else this.#options.onFrame(from.id, frame);
      },
      onClose: (reason) => {
        timer.cancel();
        this.#greeting.delete(link);
        this.#onClose(link, from ?? dialled, reason);
      },
    });
  }

  #decode(bytes: Uint8Array): PeerFrame {
    try {
      return decodeFrame(bytes);
    } catch (error) {
      if (error instanceof DecodeError) this.#malformed++;
      throw error;
    }
  }

  /** Checks a greeting; answers the peer when the link is the one to keep. */
  #onGreeting(link: Link, frame: PeerFrame, dialled: Peer | undefined): Peer | undefined {
    if (frame.kind !== "hello") throw new DecodeError("The first frame is no hello", 0);
    const { hello } = frame;
    const self = this.#options.hello();
    const problem = greetingProblem(self, hello, dialled);
    if (problem !== undefined) {
      this.#options.log.warn("A link was refused", { peer: hello.node, reason: problem });
      link.close(problem);
      return undefined;
    }
    if (!this.#peers.has(hello.node)) this.#addPeer(hello.node, hello.address);
    const peer = this.#peers.get(hello.node);
    if (peer === undefined) return undefined;
    const dialledBy = dialled === undefined ? hello.node : self.node;
    if (peer.link !== undefined) {
      const isRestart = peer.bootNonce !== hello.bootNonce;
      const better = self.node > hello.node ? self.node : hello.node;
      if (!isRestart && (peer.dialledBy === better || dialledBy !== better)) {
        link.close("There is a link already");
        return undefined;
      }
      const old = peer.link;
      peer.link = undefined;
      old.close("A newer link replaces this one");
    }
    peer.timer?.cancel();
    peer.link = link;
    peer.bootNonce = hello.bootNonce;
    peer.dialledBy = dialledBy;
    peer.backoffMs = backoffMinMs;
    return peer;
  }

  #onClose(link: Link, peer: Peer | undefined, reason: string): void {
    if (peer === undefined || this.#closed) return;
    const isCurrent = peer.link === link;
    if (isCurrent) {
      this.#options.log.debug("A link was closed", { peer: peer.id, reason });
      peer.link = undefined;
      peer.downSinceMs = this.#options.clock.monotonicMs();
    }
    // At once: a refusal is the fastest news that a process is dead.
    if (peer.link === undefined) this.#scheduleDial(peer, isCurrent ? 0 : peer.backoffMs);
  }

  #scheduleSweep(): void {
    this.#sweep = this.#options.clock.setTimer(sweepMs, () => {
      const now = this.#options.clock.monotonicMs();
      for (const peer of this.#peers.values()) {
        if (now - peer.heardAtMs > silenceMaxMs) peer.link?.close("Nothing has arrived for 1 s");
      }
      this.#scheduleSweep();
    });
  }
}

/** Why a greeting is refused, or undefined. */
function greetingProblem(self: Hello, hello: Hello, dialled: Peer | undefined): string | undefined {
  if (hello.node === self.node) return `Another node uses the id ${self.node} too`;
  if (dialled !== undefined && dialled.id !== hello.node) {
    return `Node ${hello.node} answers at the address of ${dialled.id}`;
  }
  const isForeign = self.cluster !== "" && hello.cluster !== "" && self.cluster !== hello.cluster;
  return isForeign ? `Node ${hello.node} belongs to cluster ${hello.cluster}` : undefined;
}

/** `host:port` in its parts. */
export function parseAddress(text: string): Address {
  const end = text.lastIndexOf(":");
  const hostname = text.slice(0, end).replace(/^\[(.*)\]$/, "$1");
  return { hostname, port: Number(text.slice(end + 1)) };
}
