/**
 * The gateway of another node, as a target of calls.
 *
 * One link per node carries all calls, many in one write. It is dialled when the first call needs
 * it; calls that cannot be sent are "notHosted", calls under way when the link breaks are "lost".
 *
 * @module
 */
import { ByteWriter } from "../base/codec.ts";
import type { Address, Link, Transport } from "../base/transport/transport.ts";
import {
  decodeGatewayFrame,
  encodeGatewayFrame,
  type GatewayFrame,
} from "../protocol/gateway/frame.ts";
import { abortWithCaller, type Answer, type Call, type Caller, type CallTarget } from "./call.ts";

const dialTimeoutMs = 500;
/** After a failed dial, calls fail at once for this long. */
const dialPauseMs = 200;

/** What a peer needs. */
export interface PeerGatewayOptions {
  readonly node: string;
  readonly address: string;
  readonly transport: Transport;
  /** What this gateway says of itself. */
  hello(): { readonly cluster: string; readonly node: string };
}

interface Pending {
  readonly deadlineAt: number;
  /** Not watched yet. */
  caller: Caller | undefined;
  readonly resolve: (answer: Answer) => void;
}

/** A link to another node's gateway. */
export class PeerGateway {
  readonly node: string;
  readonly address: string;
  readonly #options: PeerGatewayOptions;
  readonly #writer = new ByteWriter();
  readonly #pending = new Map<number, Pending>();
  #link: Link | undefined;
  #dialling: Promise<Link | undefined> | undefined;
  #dialAgainAt = 0;
  #nextId = 1;
  #retired = false;
  #closed = false;

  constructor(options: PeerGatewayOptions) {
    this.node = options.node;
    this.address = options.address;
    this.#options = options;
  }

  /** Whether nothing can be sent or will be answered any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Sends a call; the promise never rejects. */
  call(contract: string, call: Call): { readonly id: number; readonly answer: Promise<Answer> } {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const deadlineAt = performance.now() + call.remainingMs;
    this.#pending.set(id, { deadlineAt, caller: call.caller, resolve });
    const send = (link: Link | undefined) => {
      if (!this.#pending.has(id)) return;
      if (!this.#send(link, { kind: "call", id, contract, ...call })) {
        this.#settle(id, { kind: "notHosted" });
      }
    };
    if (this.#link !== undefined) send(this.#link);
    else this.#dial().then(send);
    return { id, answer: promise };
  }

  /** Nobody waits for a call any more. */
  abort(id: number): void {
    if (!this.#pending.has(id)) return;
    this.#send(this.#link, { kind: "abort", id });
    this.#settle(id, { kind: "timeout" });
  }

  /** Ends calls whose deadline has passed, and from now on those whose caller goes. */
  expire(now: number): void {
    for (const [id, pending] of this.#pending) {
      const { deadlineAt, caller } = pending;
      if (deadlineAt <= now) this.abort(id);
      else if (caller !== undefined) {
        pending.caller = undefined;
        abortWithCaller(caller, () => this.abort(id));
      }
    }
  }

  /** The node takes no more calls: closes the link when what is under way has ended. */
  retire(): void {
    this.#retired = true;
    if (this.#pending.size === 0) this.close();
  }

  /** Closes the link: what is under way is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#link?.close();
    this.#loseAll();
  }

  #settle(id: number, answer: Answer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.resolve(answer);
    if (this.#retired && this.#pending.size === 0) this.close();
  }

  #send(link: Link | undefined, frame: GatewayFrame): boolean {
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
      link.start({
        onFrame: (bytes) => this.#onFrame(decodeGatewayFrame(bytes)),
        onClose: () => {
          if (this.#link === link) this.#link = undefined;
          this.#loseAll();
        },
      });
      this.#send(link, { kind: "hello", ...hello() });
      this.#link = link;
      return link;
    } catch {
      // The caller tries another node; a dead one is not dialled for every call.
      this.#dialAgainAt = performance.now() + dialPauseMs;
      return undefined;
    }
  }

  #onFrame(frame: GatewayFrame): void {
    if (frame.kind !== "answer") return;
    const { answer, status, body } = frame;
    const settled: Answer = answer === "output" || answer === "problem"
      ? { kind: answer, status, body }
      : { kind: answer };
    this.#settle(frame.id, settled);
  }

  #loseAll(): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id, { kind: "lost" });
  }
}

/** One contract at another node: a target that the service can pick. */
export class RemoteTarget implements CallTarget {
  readonly id: string;
  readonly inFlightMax: number;
  readonly #peer: PeerGateway;
  readonly #contract: string;
  #inFlight = 0;

  constructor(peer: PeerGateway, contract: string, inFlightMax: number) {
    this.id = peer.node;
    this.inFlightMax = inFlightMax;
    this.#peer = peer;
    this.#contract = contract;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  call(call: Call): { readonly id: number; readonly answer: Promise<Answer> } {
    this.#inFlight++;
    const { id, answer } = this.#peer.call(this.#contract, call);
    const counted = answer.then((settled) => {
      this.#inFlight--;
      return settled;
    });
    return { id, answer: counted };
  }

  abort(id: number): void {
    this.#peer.abort(id);
  }
}

function parse(address: string): Address {
  const end = address.lastIndexOf(":");
  const hostname = address.slice(0, end).replace(/^\[(.*)\]$/, "$1");
  return { hostname, port: Number(address.slice(end + 1)) };
}
