/**
 * Links to the other nodes: one per node, kept up, with a greeting at the start.
 *
 * Of two nodes the one with the greater id dials; the other one only when it has waited in vain. A
 * link on which nothing arrives for a second is closed and dialled again, because TCP alone takes
 * minutes to notice that a host is gone. Nodes of other clusters are refused, and a second process
 * with the id of a linked one. A stranger may call, but is neither called back nor remembered.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { ByteWriter, DecodeError } from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import {
  type Address,
  type Link,
  parseAddress,
  type Transport,
} from "../../base/transport/transport.ts";
import type { RowResponse } from "../../protocol/api/row.ts";
import type { ApiTable } from "../../protocol/api/table.ts";
import { decodeFrame, encodeFrame, type PeerFrame } from "../../protocol/peer/frame.ts";
import type { Hello, NodeAddress } from "../../protocol/peer/hello.ts";
import type { Logger } from "../../sdk/logger.ts";
import { backoffMinMs, newPeer, type Peer } from "./links/peer.ts";
import { greetingProblem, impostureOf, isBetterCall, isForeign, type Refusal } from "./greeting.ts";

const dialTimeoutMs = 500;
const backoffMaxMs = 500;
/** How long the node with the smaller id waits to be dialled. */
const passiveWaitMs = 600;
const greetingTimeoutMs = 1_000;
/** How long a refused link stays open, so that the other end gets to know why. */
const refusalLingerMs = 50;
const silenceMaxMs = 1_000;
const sweepMs = 200;
/** A link that lived this long is redialled at once. */
const steadyMs = 1_000;
const strangersMax = 32;
const refusalsMax = 16;

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
  /** The link with a node has ended or was replaced: what was under way on it is lost. */
  onLost(node: string): void;
  /** What else there is against a node that greets; undefined when nothing is. */
  objectionTo?(hello: Hello): Refusal | undefined;
  /** A node refuses the links of this one. */
  onRefusedBy?(node: string, refusal: Refusal): void;
}

/** Counts of what went wrong with links; see `/api/status`. */
export type LinkProblems = RowResponse<ApiTable["status"]>["links"];

/** The links of one node. */
export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #writer = new ByteWriter();
  #sweep: Timer | undefined;
  #sweptAtMs = 0;
  #closed = false;
  #malformed = 0;
  #impostors = 0;
  /** As those of a peer, for strangers. */
  readonly #refusals = new Set<string>();

  constructor(options: PeerLinksOptions) {
    this.#options = options;
  }

  /** What went wrong since the start. */
  get problems(): LinkProblems {
    return {
      refusals: this.#options.transport.refusals ?? {},
      impostors: this.#impostors,
      malformed: this.#malformed,
    };
  }

  /** Nodes with an open link. */
  get connected(): string[] {
    return [...this.#peers.values()].filter(({ link }) => link !== undefined).map(({ id }) => id);
  }

  /** What a node with an open link said last. */
  helloOf(node: string): Hello | undefined {
    const peer = this.#peers.get(node);
    return peer?.link === undefined ? undefined : peer.hello;
  }

  /** Takes links from now on; answers the address. */
  async listen(): Promise<Address> {
    const address = await this.#options.transport.listen((link) => this.#greet(link, undefined));
    this.#sweptAtMs = this.#now();
    this.#scheduleSweep();
    return address;
  }

  /** The nodes to be linked with, some at one of several addresses; others are let go. */
  follow(nodes: readonly NodeAddress[]): void {
    const { node } = this.#options.hello();
    const wanted = Map.groupBy(nodes.filter(({ id }) => id !== node), ({ id }) => id);
    for (const [id, peer] of this.#peers) {
      if (wanted.has(id) || !peer.isFollowed) continue;
      this.#peers.delete(id);
      peer.timer?.cancel();
      peer.link?.close("The node is not a member any more");
    }
    for (const [id, places] of wanted) {
      const peer = this.#peers.get(id) ?? this.#addPeer(id);
      peer.addresses = [...new Set(places.map(({ address }) => address))];
      if (peer.isFollowed) continue;
      peer.isFollowed = true;
      if (peer.link === undefined) this.#scheduleDial(peer, node > id ? 0 : passiveWaitMs);
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

  /** Says hello again, because what this node says may have changed. */
  greetAgain(): void {
    const self = this.#options.hello();
    for (const { link, hello } of [...this.#peers.values()]) {
      if (hello !== undefined && isForeign(self, hello)) link?.close("It is of another cluster");
    }
    this.broadcast({ kind: "hello", hello: self });
  }

  /** Closes everything. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.cancel();
    for (const peer of this.#peers.values()) peer.timer?.cancel();
    await this.#options.transport.close();
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }

  #addPeer(id: string): Peer {
    const peer = newPeer(id, this.#now());
    this.#peers.set(id, peer);
    return peer;
  }

  #scheduleDial(peer: Peer, delayMs: number): void {
    if (this.#closed || peer.isDialling || !peer.isFollowed) return;
    peer.timer?.cancel();
    peer.timer = this.#options.clock.setTimer(delayMs, () => {
      this.#dial(peer);
    });
  }

  #scheduleRedial(peer: Peer): void {
    const delayMs = peer.backoffMs * (0.5 + this.#options.random.nextFloat());
    peer.backoffMs = Math.min(peer.backoffMs * 2, backoffMaxMs);
    this.#scheduleDial(peer, delayMs);
  }

  async #dial(peer: Peer): Promise<void> {
    if (this.#closed || peer.link !== undefined || this.#peers.get(peer.id) !== peer) return;
    peer.isDialling = true;
    const { transport } = this.#options;
    const address = parseAddress(peer.addresses[peer.failures % peer.addresses.length] ?? "");
    let link: Link | undefined;
    let isRefused = false;
    try {
      link = await transport.dial(address, { timeoutMs: dialTimeoutMs });
    } catch (error) {
      isRefused = error instanceof AetherError && error.name === "UNREACHABLE";
      peer.failures++;
    }
    peer.isDialling = false;
    peer.refusedCalls = isRefused ? peer.refusedCalls + 1 : 0;
    if (this.#closed) {
      link?.close();
      return;
    }
    if (link === undefined) this.#scheduleRedial(peer);
    else this.#greet(link, peer);
    // It may have called meanwhile, and be at another of its addresses.
    const isNowhere = peer.link === undefined && peer.refusedCalls >= peer.addresses.length;
    if (isRefused && isNowhere) this.#options.onRefused(peer.id);
  }

  /** Exchanges greetings on a new link; who was called answers only when nothing is wrong. */
  #greet(link: Link, dialled: Peer | undefined): void {
    const { clock } = this.#options;
    let from: Peer | undefined;
    let isRefused = false;
    let timer = clock.setTimer(greetingTimeoutMs, () => link.close("No greeting came in time"));
    const sayHello = () => {
      const hello = this.#options.hello();
      link.send(encodeFrame({ kind: "hello", hello }, this.#writer));
      return hello.cluster;
    };
    const said = dialled === undefined ? undefined : sayHello();
    const refuse = ({ reason, code }: Refusal) => {
      isRefused = true;
      link.send(encodeFrame({ kind: "refusal", reason: reason.slice(0, 300), code }, this.#writer));
      timer.cancel();
      timer = clock.setTimer(refusalLingerMs, () => link.close(reason));
    };
    link.start({
      onFrame: (bytes) => {
        if (isRefused) return;
        const frame = decodeFrame(bytes);
        if (frame.kind === "refusal") return this.#onRefusal(link, from ?? dialled, frame);
        if (frame.kind === "hello") {
          const problem = this.#impostureOf(link, frame.hello) ??
            this.#problemOf(frame.hello, from ?? dialled);
          if (problem !== undefined) return refuse(problem);
        }
        if (from === undefined) {
          from = this.#onGreeting(link, frame, dialled);
          if (from === undefined) return;
          timer.cancel();
          // This node may have found its cluster while the other end's greeting was under way.
          if (said !== this.#options.hello().cluster) sayHello();
        }
        if (from.link !== link) return;
        from.heardAtMs = this.#now();
        if (frame.kind !== "hello") return this.#options.onFrame(from.id, frame);
        from.hello = frame.hello;
        this.#options.onHello(frame.hello);
      },
      onClose: (reason) => {
        timer.cancel();
        if (reason.startsWith("Frame refused")) this.#onMalformed(link, reason);
        this.#onClose(link, from ?? dialled, reason);
      },
    });
  }

  /** A certificate counts, whatever its owner says; logged under who it really is. */
  #impostureOf({ certifiedNode = "" }: Link, { node }: Hello): Refusal | undefined {
    const reason = impostureOf(certifiedNode, node);
    if (reason === undefined) return undefined;
    this.#impostors++;
    this.#logRefusal(this.#peers.get(certifiedNode), "A link was refused", reason);
    return { reason, code: "other" };
  }

  /** Why this node does not talk to another; said once in the log. */
  #problemOf(hello: Hello, known: Peer | undefined): Refusal | undefined {
    const peer = this.#peers.get(hello.node);
    const isTaken = peer?.link !== undefined && peer.hello?.bootNonce !== hello.bootNonce;
    const strangers = [...this.#peers.values()].filter(({ isFollowed }) => !isFollowed).length;
    const reason = greetingProblem(this.#options.hello(), hello, known?.id) ??
      (isTaken ? `Another process uses the id ${hello.node}` : undefined) ??
      (peer === undefined && strangers >= strangersMax ? "Too many strangers call" : undefined);
    const problem = reason === undefined
      ? this.#options.objectionTo?.(hello)
      : { reason, code: "other" as const };
    if (problem !== undefined) {
      this.#logRefusal(known ?? peer, "A link was refused", problem.reason);
    }
    return problem;
  }

  #onRefusal(link: Link, peer: Peer | undefined, refusal: Refusal): void {
    const { reason } = refusal;
    if (peer !== undefined) {
      this.#logRefusal(peer, "The other end refused the link", reason);
      this.#options.onRefusedBy?.(peer.id, refusal);
    }
    link.close(`Refused by the peer: ${reason}`);
  }

  #logRefusal(peer: Peer | undefined, message: string, reason: string): void {
    const logged = peer?.refusals ?? this.#refusals;
    if (logged.has(reason)) return;
    if (logged.size >= refusalsMax) logged.clear();
    logged.add(reason);
    this.#options.log.warn(message, { peer: peer?.id ?? "unknown", reason });
  }

  #onMalformed(link: Link, reason: string): void {
    // The first one says what is wrong; of a flood only the number matters.
    if (this.#malformed++ > 0) return;
    const peer = `${link.remote.hostname}:${link.remote.port}`;
    this.#options.log.warn("What came from a peer could not be read", { peer, reason });
  }

  /** Takes a greeting without a problem; answers the peer when the link is the one to keep. */
  #onGreeting(link: Link, frame: PeerFrame, dialled: Peer | undefined): Peer | undefined {
    if (frame.kind !== "hello") throw new DecodeError("The first frame is no hello", 0);
    const { hello } = frame;
    const self = this.#options.hello().node;
    const peer = this.#peers.get(hello.node) ?? this.#addPeer(hello.node);
    const dialledBy = dialled === undefined ? hello.node : self;
    const old = peer.link;
    if (old !== undefined) {
      if (!isBetterCall({ self, peer: peer.id, dialledBy }, peer.dialledBy)) {
        link.close("There is a link already");
        return undefined;
      }
      this.#unlink(peer);
      old.close("A better link replaces this one");
    }
    peer.timer?.cancel();
    peer.link = link;
    peer.hello = hello;
    peer.dialledBy = dialledBy;
    peer.linkedAtMs = this.#now();
    return peer;
  }

  #unlink(peer: Peer): void {
    peer.link = undefined;
    this.#options.onLost(peer.id);
  }

  #onClose(link: Link, peer: Peer | undefined, reason: string): void {
    if (peer === undefined || this.#closed) return;
    if (peer.link !== link) {
      if (peer.link !== undefined) return;
      // Somebody else may live at this address now.
      peer.failures++;
      this.#scheduleRedial(peer);
      return;
    }
    this.#options.log.debug("A link was closed", { peer: peer.id, reason });
    this.#unlink(peer);
    if (!peer.isFollowed) this.#peers.delete(peer.id);
    if (this.#now() - peer.linkedAtMs < steadyMs) return this.#scheduleRedial(peer);
    peer.backoffMs = backoffMinMs;
    peer.refusals.clear();
    // At once: a refusal is the fastest news that a process is dead.
    this.#scheduleDial(peer, 0);
  }

  #scheduleSweep(): void {
    this.#sweep = this.#options.clock.setTimer(sweepMs, () => {
      const now = this.#now();
      // After a pause of this process, what came meanwhile has not been read yet.
      const wasPaused = now - this.#sweptAtMs > 2 * sweepMs;
      this.#sweptAtMs = now;
      for (const { link, heardAtMs } of [...this.#peers.values()]) {
        if (!wasPaused && now - heardAtMs > silenceMaxMs) link?.close("Nothing has come for 1 s");
      }
      this.#scheduleSweep();
    });
  }
}
