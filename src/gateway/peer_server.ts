/**
 * Takes the calls of other nodes' gateways and answers them from instances on this node.
 *
 * It never forwards: a call for which this node has no instance is answered "notHosted", and the
 * caller goes elsewhere.
 *
 * @module
 */
import { ByteWriter, DecodeError } from "../base/codec.ts";
import { AetherError } from "../base/errors.ts";
import type { Link } from "../base/transport/transport.ts";
import { Silence } from "../policy/silence.ts";
import {
  decodeGatewayFrame,
  encodeGatewayFrame,
  frameBodyBytesMax,
  type GatewayFrame,
  isBodyTooLarge,
} from "../protocol/gateway/frame.ts";
import type { Answer, Call, OpenSocket, OpenStream } from "./call.ts";
import { Flows, pump } from "../io/flows.ts";
import { flowWindow } from "../io/flow.ts";
import { PeerFlows } from "./peer_flows.ts";

const underWayMax = 50_000;
/** A caller that lives asks several times a second whether this side does. */
const silenceMaxMs = 10_000;

/** A call that was taken. */
export interface TakenCall {
  readonly answer: Promise<Answer>;
  abort(): void;
}

/** What serving peers needs. */
export interface PeerServerOptions {
  /** What this gateway says of itself; the cluster is "" while it is not known. */
  hello(): { readonly cluster: string; readonly node: string };
  /** Calls a local instance of a version. */
  callLocal(artifact: string, call: Call): TakenCall | "notHosted" | "full";
}

/** Serves the links of other gateways. */
export class PeerServer {
  readonly #options: PeerServerOptions;
  readonly #links = new Set<ServedLink>();

  constructor(options: PeerServerOptions) {
    this.#options = options;
  }

  /** Serves a link that another gateway has opened. */
  serve(link: Link): void {
    const served = new ServedLink(this.#options, link, () => this.#links.delete(served));
    this.#links.add(served);
  }

  /**
   * Goes on with streams that had to wait for their link, and closes the links of callers that have
   * vanished; call it every 100 ms or so.
   */
  expire(now: number): void {
    for (const link of this.#links) link.expire(now);
  }
}

type CallFrame = Extract<GatewayFrame, { readonly kind: "call" }>;

/** What is kept of a call until its answer: without the body, which would only fill the heap. */
type Answerable = Pick<CallFrame, "id" | "artifact" | "method" | "requestId">;

class ServedLink {
  readonly #options: PeerServerOptions;
  readonly #link: Link;
  readonly #writer = new ByteWriter();
  readonly #underWay = new Map<number, TakenCall>();
  readonly #flows: Flows;
  readonly #silence = new Silence();
  #isGreeted = false;

  constructor(options: PeerServerOptions, link: Link, onClose: () => void) {
    this.#options = options;
    this.#link = link;
    this.#flows = new Flows(new PeerFlows(() => link).channel);
    link.start({
      onFrame: (bytes) => this.#onFrame(decodeGatewayFrame(bytes)),
      onClose: () => {
        onClose();
        // The caller is gone, and with it everybody who waits.
        for (const { abort } of this.#underWay.values()) abort();
        this.#underWay.clear();
        this.#flows.closeAll(new AetherError("CALL_ENDED", "The calling node has gone"));
      },
    });
  }

  expire(now: number): void {
    if (this.#silence.at(now) > silenceMaxMs) this.#link.close("The calling node is silent");
    else if (this.#flows.size > 0) this.#flows.wake();
  }

  #onFrame(frame: GatewayFrame): void {
    this.#silence.hear();
    if (!this.#isGreeted) {
      this.#onHello(frame);
      return;
    }
    switch (frame.kind) {
      case "call":
        this.#onCall(frame);
        break;
      case "abort":
        this.#underWay.get(frame.id)?.abort();
        this.#closeFlows(frame.id);
        break;
      case "data": {
        const { id, message } = frame;
        // What was under way when its call ended does no harm.
        if (this.#flows.has(id) && !this.#flows.onData(id, message)) {
          this.#link.close("It floods a stream");
        }
        break;
      }
      case "end":
        this.#flows.onEnd(frame.id, frame);
        break;
      case "credit":
        this.#flows.onCredit(frame.id, frame.cost);
        break;
      case "ping":
        this.#send({ kind: "pong" });
        break;
    }
  }

  #onHello(frame: GatewayFrame): void {
    if (frame.kind !== "hello") throw new DecodeError("The first frame is no hello", 0);
    const own = this.#options.hello();
    if (own.cluster !== "" && frame.cluster !== own.cluster) {
      this.#link.close("Another cluster's gateway");
      return;
    }
    if ((this.#link.certifiedNode ?? frame.node) !== frame.node) {
      this.#link.close("Its certificate is another node's");
      return;
    }
    this.#isGreeted = true;
    // A node that has not yet heard of its own cluster takes the caller's word for it.
    this.#send({ kind: "hello", ...own, cluster: frame.cluster });
  }

  #onCall(frame: CallFrame): void {
    const { id, artifact, method, requestId } = frame;
    const taken = this.#underWay.size >= underWayMax
      ? "full"
      : this.#options.callLocal(artifact, this.#withBody(frame));
    if (typeof taken === "string") {
      this.#closeFlows(id);
      this.#answer(id, { kind: taken });
      return;
    }
    this.#underWay.set(id, taken);
    if (frame.hasStream === true) this.#send({ kind: "credit", id, cost: flowWindow });
    this.#answerLater({ id, artifact, method, requestId }, taken);
  }

  /** On its own, because a closure keeps all that the function around it has. */
  #answerLater(call: Answerable, { answer }: TakenCall): void {
    answer.then((settled) => this.#onAnswer(call, settled));
  }

  #withBody(frame: CallFrame): Call {
    if (frame.hasStream !== true) return frame;
    const { messages } = this.#flows.openReceiver(frame.id, () => {});
    return { ...frame, body: messages as ReadableStream<Uint8Array> };
  }

  #onAnswer(call: Answerable, answer: Answer): void {
    const { id } = call;
    if (answer.kind === "stream" || answer.kind === "socket") {
      this.#underWay.set(id, openCall(answer));
      const carried = answer.kind === "stream"
        ? this.#stream(id, answer)
        : this.#converse(id, answer);
      carried.finally(() => {
        this.#underWay.delete(id);
        this.#closeFlows(id);
      });
      return;
    }
    this.#underWay.delete(id);
    this.#closeFlows(id);
    this.#answer(id, isTooLarge(answer) ? tooLarge(call) : answer);
  }

  async #stream(id: number, answer: OpenStream): Promise<void> {
    this.#answer(id, answer);
    const sender = this.#flows.openSender(id);
    try {
      await pump(answer.body, sender);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "The stream failed";
      sender.end({ code: 1, reason });
    }
  }

  async #converse(id: number, answer: OpenSocket): Promise<void> {
    const receiver = this.#flows.openReceiver(id, () => {});
    this.#answer(id, answer);
    const sender = this.#flows.openSender(id);
    const receiving = (async () => {
      for await (const message of receiver.messages) await answer.sender.send(message);
      answer.close(receiver.ended ?? goneAway);
    })().catch(() => answer.close(goneAway));
    try {
      for await (const message of answer.messages) await sender.send(message);
    } catch {
      // How it ended is said below.
    }
    sender.end(answer.ended() ?? goneAway);
    this.#closeFlows(id);
    await receiving;
  }

  #closeFlows(id: number): void {
    this.#flows.close(id, new AetherError("CALL_ENDED", "The call has ended"));
  }

  #answer(id: number, answer: Answer): void {
    const [status, body] = partsOf(answer);
    const frame = { kind: "answer", id, answer: answer.kind, status, body } as const;
    const head = "head" in answer ? answer.head : undefined;
    const sent = this.#send(head === undefined ? frame : { ...frame, head });
    // A peer that does not read gets a closed link rather than missing answers.
    if (!sent) this.#link.close("The peer does not read its answers");
  }

  #send(frame: GatewayFrame): boolean {
    return this.#link.send(encodeGatewayFrame(frame, this.#writer));
  }
}

/** Close code and reason of a socket whose other end has vanished (RFC 6455 section 7.4.1). */
const goneAway = { code: 1001, reason: "" };

function openCall(answer: OpenStream | OpenSocket): TakenCall {
  return {
    answer: Promise.resolve(answer),
    abort: () => {
      if (answer.kind === "socket") answer.close(goneAway);
      else answer.cancel();
    },
  };
}

function partsOf(answer: Answer): readonly [status: number, body: string] {
  switch (answer.kind) {
    case "output":
    case "problem":
      return [answer.status, answer.body];
    case "stream":
      return [answer.status, answer.contentType];
    default:
      return [0, ""];
  }
}

function isTooLarge(answer: Answer): boolean {
  return (answer.kind === "output" || answer.kind === "problem") && isBodyTooLarge(answer.body);
}

function tooLarge({ artifact, method, requestId }: Answerable): Answer {
  const error = new AetherError(
    "CALL_TOO_LARGE",
    `The output of ${artifact} ${method} is larger than the ${frameBodyBytesMax} bytes that one ` +
      "node sends to another",
  );
  const body = JSON.stringify(error.toProblem(requestId));
  return { kind: "problem", status: error.status, body };
}
