/**
 * Links of this node's storage thread to those of the other members: questions and news by topic.
 *
 * A link is dialled when something is to be sent, and kept. Of two links between the same nodes
 * each side uses the one that it has; both stay. Nodes of other clusters, nodes that are no members
 * and certificates of other nodes are refused. Questions have a deadline, and what is under way has
 * a limit.
 *
 * @module
 */
import { ByteWriter, DecodeError } from "../base/codec.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { AetherError, toAetherError } from "../base/errors.ts";
import { type Link, parseAddress, type Transport } from "../base/transport/transport.ts";
import {
  decodeStorageFrame,
  encodeStorageFrame,
  type StorageFrame,
} from "../protocol/storage/frame.ts";
import type { StorageTopology } from "../protocol/thread/storage.ts";
import type { Logger } from "../sdk/logger.ts";

const dialTimeoutMs = 1_000;
const dialPauseMs = 200;
const askingMax = 4_096;
const answeringMax = 4_096;
const pingIntervalMs = 1_000;
const silenceMaxMs = 3_000;

/** Answers a question of another node; the body belongs to the handler. */
export type PeerHandler = (body: Uint8Array, from: string) => Promise<Uint8Array> | Uint8Array;
/** Takes news of another node; the body belongs to the handler. */
export type PeerListener = (body: Uint8Array, from: string) => void;

/** What links need. */
export interface StoragePeersOptions {
  readonly node: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Asking {
  readonly link: PeerLink;
  readonly timer: Timer;
  readonly settled: PromiseWithResolvers<Uint8Array>;
}

/** The other storage threads. */
export class StoragePeers {
  readonly #options: StoragePeersOptions;
  readonly #handlers = new Map<string, PeerHandler>();
  readonly #listeners = new Map<string, PeerListener>();
  readonly #links = new Map<string, PeerLink>();
  readonly #dialling = new Map<string, Promise<PeerLink | undefined>>();
  readonly #dialAgainAtMs = new Map<string, number>();
  readonly #open = new Set<PeerLink>();
  readonly #asking = new Map<number, Asking>();
  readonly #writer = new ByteWriter();
  #topology: StorageTopology = {
    revision: 0,
    cluster: "",
    members: [],
    view: undefined,
  };
  #sweep: Timer | undefined;
  #nextId = 1;
  #answering = 0;
  #closed = false;

  constructor(options: StoragePeersOptions) {
    this.#options = options;
    this.#scheduleSweep();
  }

  /** Serves links that others have dialled. */
  readonly accept = (link: Link): void => {
    new PeerLink(this, link, undefined);
  };

  /** Follows the members of the cluster; links with nodes that are none any more are closed. */
  follow(topology: StorageTopology): void {
    this.#topology = topology;
    for (const link of this.#open) {
      if (link.node === undefined || this.#isMember(link.node)) continue;
      this.#links.delete(link.node);
      link.link.close("The node is not a member");
    }
  }

  /** Answers the questions of a topic from now on. */
  handle(topic: string, handler: PeerHandler): void {
    this.#handlers.set(topic, handler);
  }

  /** Takes the news of a topic from now on. */
  listen(topic: string, listener: PeerListener): void {
    this.#listeners.set(topic, listener);
  }

  /**
   * Asks a node; the body may be reused when the promise is made.
   *
   * @throws {AetherError} what the other node's handler threw; UNREACHABLE, TIMEOUT, OVERLOADED.
   */
  async ask(
    node: string,
    topic: string,
    body: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    if (this.#asking.size >= askingMax) {
      throw new AetherError("OVERLOADED", `${askingMax} questions to other nodes are under way`);
    }
    const link = this.#links.get(node) ?? await this.#dial(node);
    if (link === undefined) {
      throw new AetherError("UNREACHABLE", `The storage of node ${node} cannot be reached`);
    }
    const id = this.#nextId++;
    const settled = Promise.withResolvers<Uint8Array>();
    const timer = this.#options.clock.setTimer(timeoutMs, () => {
      const message = `The storage of node ${node} did not answer within ${timeoutMs} ms`;
      this.#settle(id)?.reject(new AetherError("TIMEOUT", message));
    });
    this.#asking.set(id, { link, timer, settled });
    try {
      if (!this.#send(link.link, { kind: "ask", id, topic, remainingMs: timeoutMs, body })) {
        const message = `The link to the storage of node ${node} is full or closed`;
        throw new AetherError("OVERLOADED", message);
      }
    } catch (error) {
      this.#settle(id);
      throw error;
    }
    return await settled.promise;
  }

  /** Sends news if there is a link or one can be made; nobody knows whether they arrive. */
  tell(node: string, topic: string, body: Uint8Array): void {
    const link = this.#links.get(node);
    if (link !== undefined) this.#send(link.link, { kind: "tell", topic, body });
    else {
      const kept = body.slice();
      this.#dial(node).then((dialled) => {
        if (dialled !== undefined) this.#send(dialled.link, { kind: "tell", topic, body: kept });
      });
    }
  }

  /** Closes all links. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.cancel();
    for (const link of [...this.#open]) link.link.close("This node is stopping");
    await this.#options.transport.close();
  }

  /** What a link says first. */
  hello(): StorageFrame {
    return { kind: "hello", cluster: this.#topology.cluster, node: this.#options.node };
  }

  /** Why a node that has said hello is refused; undefined when it is not. */
  objectionTo(link: Link, cluster: string, node: string): string | undefined {
    const own = this.#topology.cluster;
    if (own !== "" && cluster !== "" && cluster !== own) return "Another cluster's node";
    if ((link.certifiedNode ?? node) !== node) return "Its certificate is another node's";
    // Until control has told who is a member, the other end is as good as its certificate.
    if (own !== "" && !this.#isMember(node)) return "The node is not a member";
    return undefined;
  }

  onOpen(link: PeerLink): void {
    this.#open.add(link);
    if (link.node !== undefined) this.#links.set(link.node, link);
  }

  onClose(link: PeerLink): void {
    this.#open.delete(link);
    if (link.node !== undefined && this.#links.get(link.node) === link) {
      const other = [...this.#open].find(({ node }) => node === link.node);
      if (other === undefined) this.#links.delete(link.node);
      else this.#links.set(link.node, other);
    }
    const message = `The link to the storage of node ${link.node} ended before its answer`;
    for (const [id, asking] of this.#asking) {
      if (asking.link === link) this.#settle(id)?.reject(new AetherError("UNREACHABLE", message));
    }
  }

  onFrame(link: PeerLink, from: string, frame: StorageFrame): void {
    switch (frame.kind) {
      case "ask":
        this.#answer(link, from, frame);
        break;
      case "answer":
        this.#onAnswer(link, from, frame);
        break;
      case "tell":
        this.#listeners.get(frame.topic)?.(frame.body, from);
        break;
      case "ping":
        this.#send(link.link, { kind: "pong" });
        break;
    }
  }

  now(): number {
    return this.#options.clock.monotonicMs();
  }

  #onAnswer(
    link: PeerLink,
    from: string,
    { id, ok, body }: Extract<StorageFrame, { kind: "answer" }>,
  ): void {
    if (this.#asking.get(id)?.link !== link) return;
    if (ok) this.#settle(id)?.resolve(body);
    else this.#settle(id)?.reject(readProblem(from, body));
  }

  async #answer(
    { link }: PeerLink,
    from: string,
    { id, topic, body }: Extract<StorageFrame, { kind: "ask" }>,
  ): Promise<void> {
    this.#answering++;
    try {
      if (this.#answering > answeringMax) {
        throw new AetherError("OVERLOADED", `${answeringMax} questions are being answered`);
      }
      const handler = this.#handlers.get(topic);
      if (handler === undefined) {
        throw new AetherError("NOT_BUILT", `This node does not know the topic "${topic}"`);
      }
      this.#send(link, { kind: "answer", id, ok: true, body: await handler(body, from) });
    } catch (error) {
      const problem = new TextEncoder().encode(JSON.stringify(toAetherError(error).toProblem()));
      this.#send(link, { kind: "answer", id, ok: false, body: problem });
    } finally {
      this.#answering--;
    }
  }

  #dial(node: string): Promise<PeerLink | undefined> {
    let dialling = this.#dialling.get(node);
    if (dialling === undefined) {
      dialling = this.#dialNow(node).finally(() => this.#dialling.delete(node));
      this.#dialling.set(node, dialling);
    }
    return dialling;
  }

  async #dialNow(node: string): Promise<PeerLink | undefined> {
    const address = this.#topology.members.find(({ id }) => id === node)?.address ?? "";
    const isTooEarly = this.now() < (this.#dialAgainAtMs.get(node) ?? 0);
    if (address === "" || isTooEarly || this.#closed) return undefined;
    try {
      const { transport } = this.#options;
      const link = await transport.dial(parseAddress(address), { timeoutMs: dialTimeoutMs });
      const dialled = new PeerLink(this, link, node);
      this.#send(link, this.hello());
      const timer = this.#options.clock.setTimer(dialTimeoutMs, () => link.close("No greeting"));
      const isGreeted = await dialled.greeted.finally(() => timer.cancel());
      if (isGreeted) return dialled;
    } catch (error) {
      this.#options.log.debug("The storage of a node cannot be reached", {
        node,
        reason: toAetherError(error).message,
      });
    }
    this.#dialAgainAtMs.set(node, this.now() + dialPauseMs);
    return undefined;
  }

  #isMember(node: string): boolean {
    return this.#topology.members.some(({ id }) => id === node);
  }

  #settle(id: number): PromiseWithResolvers<Uint8Array> | undefined {
    const asking = this.#asking.get(id);
    this.#asking.delete(id);
    asking?.timer.cancel();
    return asking?.settled;
  }

  /** Asks silent links whether they are there: TCP alone takes minutes to notice. */
  #scheduleSweep(): void {
    this.#sweep = this.#options.clock.setTimer(pingIntervalMs, () => {
      const now = this.now();
      for (const link of [...this.#open]) {
        const silentMs = now - link.heardAtMs;
        if (silentMs > silenceMaxMs) link.link.close("It is silent");
        // What the other side asked counts here too, so that one of both asks.
        else if (silentMs > 0.9 * pingIntervalMs) this.#send(link.link, { kind: "ping" });
      }
      this.#scheduleSweep();
    });
  }

  /** Sends a frame; see {@link Link.send}. */
  send(link: Link, frame: StorageFrame): boolean {
    return this.#send(link, frame);
  }

  #send(link: Link, frame: StorageFrame): boolean {
    return link.send(encodeStorageFrame(frame, this.#writer));
  }
}

/** One link and who is at its other end. */
class PeerLink {
  readonly link: Link;
  /** Resolves with whether the other end is the node that was expected. */
  readonly greeted: Promise<boolean>;
  node: string | undefined;
  heardAtMs: number;

  /** `expected` is the node that was dialled; undefined for a link that came. */
  constructor(peers: StoragePeers, link: Link, expected: string | undefined) {
    this.link = link;
    this.heardAtMs = peers.now();
    const greeted = Promise.withResolvers<boolean>();
    this.greeted = greeted.promise;
    link.start({
      onFrame: (bytes) => {
        this.heardAtMs = peers.now();
        const frame = decodeStorageFrame(bytes);
        if (this.node !== undefined) return peers.onFrame(this, this.node, frame);
        if (frame.kind !== "hello") throw new DecodeError("The first frame is no hello", 0);
        const objection = expected !== undefined && frame.node !== expected
          ? `It is node ${frame.node}`
          : peers.objectionTo(link, frame.cluster, frame.node);
        if (objection !== undefined) return link.close(objection);
        this.node = frame.node;
        if (expected === undefined) peers.send(link, peers.hello());
        peers.onOpen(this);
        greeted.resolve(true);
      },
      onClose: () => {
        greeted.resolve(false);
        peers.onClose(this);
      },
    });
  }
}

/** The error that a node answered with. */
function readProblem(from: string, bytes: Uint8Array): AetherError {
  try {
    return AetherError.fromProblem(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    return new AetherError("INTERNAL", `Node ${from} answered with no problem`, { cause });
  }
}
