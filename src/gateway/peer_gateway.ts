/**
 * The gateway of another node, as a target of calls.
 *
 * One link per node carries all calls, many in one write. It is dialled when the first call needs
 * it, and counts only once the other side has answered its hello: a process that is paused accepts
 * connections and answers nothing. Calls that cannot be sent are "notHosted", calls under way when
 * the link breaks, or falls silent, are "lost".
 *
 * @module
 */
import { ByteWriter } from "../base/codec.ts";
import { AetherError } from "../base/errors.ts";
import type { Address, Link, Transport } from "../base/transport/transport.ts";
import { Circuit } from "../policy/circuit.ts";
import { Silence } from "../policy/silence.ts";
import {
  decodeGatewayFrame,
  encodeGatewayFrame,
  frameBodyBytesMax,
  type GatewayFrame,
  isBodyTooLarge,
} from "../protocol/gateway/frame.ts";
import { abortWithCaller, type Answer, type Call, type Caller, type CallTarget } from "./call.ts";
import { OpenCalls } from "./open_calls.ts";
import { PeerFlows } from "./peer_flows.ts";

const dialTimeoutMs = 500;
/** After a failed dial, calls fail at once for this long. */
const dialPauseMs = 200;
/** The other side is asked whether it is there when it has said nothing for this long. */
const pingAfterMs = 250;
/** As often it is told something, at least: it gives up callers that are silent. */
const idlePingMs = 1_000;

/** What a peer needs. */
export interface PeerGatewayOptions {
  readonly node: string;
  readonly address: string;
  readonly transport: Transport;
  /** What this gateway says of itself. */
  hello(): { readonly cluster: string; readonly node: string };
  /** Silence after which the link is given up, in milliseconds. */
  silenceMs(): number;
}

interface Pending {
  deadlineAt: number;
  /** Not watched yet. */
  caller: Caller | undefined;
  readonly counter: { inFlight: number };
  readonly resolve: (answer: Answer) => void;
}

/** A link to another node's gateway. */
export class PeerGateway {
  readonly node: string;
  readonly address: string;
  readonly #options: PeerGatewayOptions;
  readonly #writer = new ByteWriter();
  readonly #pending = new Map<number, Pending>();
  readonly #open: OpenCalls;
  #link: Link | undefined;
  #dialling: Promise<Link | undefined> | undefined;
  #dialAgainAt = 0;
  #hasFailed = false;
  #silence = new Silence();
  #hasSent = false;
  #sentAt = 0;
  #nextId = 1;
  #retired = false;
  #closed = false;

  constructor(options: PeerGatewayOptions) {
    this.node = options.node;
    this.address = options.address;
    this.#options = options;
    this.#open = new OpenCalls({
      ...new PeerFlows(() => this.#link).channel,
      abort: (id) => this.#send(this.#link, { kind: "abort", id }),
      onClosed: () => this.#closeRetired(),
    });
  }

  /** Whether nothing can be sent or will be answered any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether it answered last time, or was never asked. */
  get isSound(): boolean {
    return !this.#hasFailed;
  }

  /** Sends a call to a version of a slice; the promise never rejects. */
  call(
    artifact: string,
    call: Call,
    counter: { inFlight: number } = { inFlight: 0 },
  ): { readonly id: number; readonly answer: Promise<Answer> } {
    const id = this.#nextId++;
    const { body, ...head } = call;
    const stream = body instanceof ReadableStream ? body : undefined;
    const sent = body instanceof ReadableStream ? null : body;
    if (isBodyTooLarge(sent)) return { id, answer: Promise.resolve(tooLarge(call)) };
    const answer = new Promise<Answer>((resolve) => {
      const deadlineAt = performance.now() + call.remainingMs;
      this.#pending.set(id, { deadlineAt, caller: call.caller, counter, resolve });
    });
    counter.inFlight++;
    const send = (link: Link | undefined) => {
      if (!this.#pending.has(id)) return;
      const frame = { kind: "call", id, artifact, ...head, body: sent } as const;
      if (!this.#send(link, stream === undefined ? frame : { ...frame, hasStream: true })) {
        this.#settle(id, { kind: "notHosted" });
      }
    };
    if (stream !== undefined) {
      this.#open.deferBody(id, stream, () => {
        const pending = this.#pending.get(id);
        if (pending !== undefined) pending.deadlineAt = performance.now() + call.remainingMs;
      });
    }
    if (this.#link !== undefined) send(this.#link);
    else this.#dial().then(send);
    return { id, answer };
  }

  /** Nobody waits for a call any more. */
  abort(id: number): void {
    this.#end(id, "aborted");
  }

  /**
   * Ends calls whose deadline has passed, and from now on those whose caller goes; asks a silent
   * peer whether it is there, and gives up one that stays silent. Call it every 100 ms or so.
   */
  expire(now: number): void {
    for (const [id, pending] of this.#pending) {
      const { deadlineAt, caller } = pending;
      if (deadlineAt <= now) this.#end(id, "timeout");
      else if (caller !== undefined) {
        pending.caller = undefined;
        abortWithCaller(caller, () => this.abort(id));
      }
    }
    this.#open.wake();
    this.#watch(now);
  }

  /** Ends event streams and sockets: this node stops. */
  endEndless(): void {
    this.#open.endEndless();
  }

  /** The node takes no more calls: closes the link when what is under way has ended. */
  retire(): void {
    this.#retired = true;
    this.#closeRetired();
  }

  /** Closes the link: what is under way is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#link?.close();
    this.#loseAll();
  }

  #watch(now: number): void {
    const silentMs = this.#silence.at(now);
    const silenceMaxMs = this.#options.silenceMs();
    const link = this.#link;
    if (link === undefined) {
      if (this.#hasFailed) this.#dial();
      return;
    }
    if (silentMs > silenceMaxMs) {
      this.#hasFailed = true;
      this.#dialAgainAt = now + dialPauseMs;
      this.#link = undefined;
      link.close("The peer is silent");
      this.#loseAll();
      return;
    }
    if (this.#hasSent) {
      this.#hasSent = false;
      this.#sentAt = now;
    }
    const isAwaited = this.#pending.size > 0 || this.#open.size > 0;
    // A stream may come from there for long without anything that has to be said in return.
    const isDue = isAwaited && silentMs > pingAfterMs ||
      now - this.#sentAt >= Math.min(idlePingMs, silenceMaxMs / 2);
    if (isDue) this.#send(link, { kind: "ping" });
  }

  #end(id: number, kind: "aborted" | "timeout"): void {
    if (!this.#pending.has(id)) {
      this.#open.abort(id);
      return;
    }
    this.#send(this.#link, { kind: "abort", id });
    this.#settle(id, { kind });
  }

  #settle(id: number, answer: Answer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.counter.inFlight--;
    if (answer.kind !== "stream" && answer.kind !== "socket") this.#open.answered(id);
    pending.resolve(answer);
    this.#closeRetired();
  }

  #closeRetired(): void {
    if (this.#retired && this.#pending.size === 0 && this.#open.size === 0) this.close();
  }

  #send(link: Link | undefined, frame: GatewayFrame): boolean {
    this.#hasSent = true;
    return link?.send(encodeGatewayFrame(frame, this.#writer)) ?? false;
  }

  #dial(): Promise<Link | undefined> {
    if (this.#closed || performance.now() < this.#dialAgainAt) return Promise.resolve(undefined);
    return this.#dialling ??= this.#connect().finally(() => {
      this.#dialling = undefined;
    });
  }

  async #connect(): Promise<Link | undefined> {
    const { transport, hello } = this.#options;
    try {
      const link = await transport.dial(parse(this.address), { timeoutMs: dialTimeoutMs });
      if (link.certifiedNode !== undefined && link.certifiedNode !== this.node) {
        link.close();
        throw new Error(`Node ${link.certifiedNode} answers at the address of ${this.node}`);
      }
      const greeted = Promise.withResolvers<boolean>();
      let isOpen = true;
      const silence = new Silence();
      link.start({
        onFrame: (bytes) => {
          silence.hear();
          const frame = decodeGatewayFrame(bytes);
          if (frame.kind === "hello") greeted.resolve(frame.cluster === hello().cluster);
          else this.#onFrame(frame);
        },
        onClose: () => {
          isOpen = false;
          greeted.resolve(false);
          if (this.#link !== link) return;
          this.#link = undefined;
          // Calls go to others, and do not wait until this one is dialled again.
          this.#hasFailed = true;
          this.#loseAll();
        },
      });
      this.#send(link, { kind: "hello", ...hello() });
      const timer = setTimeout(() => greeted.resolve(false), dialTimeoutMs);
      const isGreeted = await greeted.promise;
      clearTimeout(timer);
      if (isGreeted && isOpen && !this.#closed) {
        this.#link = link;
        this.#silence = silence;
        this.#hasFailed = false;
        return link;
      }
      link.close();
    } catch {
      // Below: the caller tries another node, and a dead one is not dialled for every call.
    }
    this.#hasFailed = true;
    this.#dialAgainAt = performance.now() + dialPauseMs;
    return undefined;
  }

  #onFrame(frame: GatewayFrame): void {
    switch (frame.kind) {
      case "answer":
        this.#onAnswer(frame);
        break;
      case "data":
        if (!this.#open.onData(frame.id, frame.message)) this.#link?.close("It floods a stream");
        break;
      case "end":
        this.#open.onEnd(frame.id, frame);
        break;
      case "credit":
        this.#open.onCredit(frame.id, frame.cost);
        break;
    }
  }

  #onAnswer(frame: Extract<GatewayFrame, { kind: "answer" }>): void {
    const { id, answer, status, body } = frame;
    if (!this.#pending.has(id)) return;
    const head = frame.head === undefined ? {} : { head: frame.head };
    switch (answer) {
      case "output":
      case "problem":
        this.#settle(id, { kind: answer, status, body, ...head });
        break;
      case "stream":
        this.#settle(id, { ...this.#open.stream(id, status, body), ...head });
        break;
      case "socket":
        this.#settle(id, this.#open.socket(id));
        break;
      default:
        this.#settle(id, { kind: answer });
    }
  }

  #loseAll(): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id, { kind: "lost" });
    this.#open.lose();
  }
}

/** One version of a slice at another node: a target that the service can pick. */
export class RemoteTarget implements CallTarget {
  readonly id: string;
  readonly circuit: Circuit = new Circuit();
  readonly peer: PeerGateway;
  readonly #artifact: string;
  #count = 0;
  #concurrency = 0;
  inFlight = 0;

  constructor(peer: PeerGateway, artifact: string) {
    this.id = peer.node;
    this.peer = peer;
    this.#artifact = artifact;
  }

  /** Instances there. */
  get count(): number {
    return this.#count;
  }

  get inFlightMax(): number {
    return this.#count * this.#concurrency;
  }

  get isHealthy(): boolean {
    return this.peer.isSound;
  }

  /** Takes over how many instances there are, and how many calls each takes. */
  update(count: number, concurrency: number): void {
    this.#count = count;
    this.#concurrency = concurrency;
  }

  call(call: Call): { readonly id: number; readonly answer: Promise<Answer> } {
    return this.peer.call(this.#artifact, call, this);
  }

  abort(id: number): void {
    this.peer.abort(id);
  }
}

function tooLarge(call: Call): Answer {
  const error = new AetherError(
    "CALL_TOO_LARGE",
    `The body is larger than the ${frameBodyBytesMax} bytes that one node sends to another`,
  );
  const body = JSON.stringify(error.toProblem(call.requestId));
  return { kind: "problem", status: error.status, body };
}

function parse(address: string): Address {
  const end = address.lastIndexOf(":");
  const hostname = address.slice(0, end).replace(/^\[(.*)\]$/, "$1");
  return { hostname, port: Number(address.slice(end + 1)) };
}
