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
import {
  decodeGatewayFrame,
  encodeGatewayFrame,
  frameBodyBytesMax,
  type GatewayFrame,
  isBodyTooLarge,
} from "../protocol/gateway/frame.ts";
import type { Answer, Call } from "./call.ts";

const underWayMax = 50_000;

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
  readonly #writer = new ByteWriter();

  constructor(options: PeerServerOptions) {
    this.#options = options;
  }

  /** Serves a link that another gateway has opened. */
  serve(link: Link): void {
    const underWay = new Map<number, TakenCall>();
    let isGreeted = false;
    link.start({
      onFrame: (bytes) => {
        const frame = decodeGatewayFrame(bytes);
        if (!isGreeted) {
          if (frame.kind !== "hello") throw new DecodeError("The first frame is no hello", 0);
          const own = this.#options.hello();
          if (own.cluster !== "" && frame.cluster !== own.cluster) {
            link.close("Another cluster's gateway");
            return;
          }
          isGreeted = true;
          // A node that has not yet heard of its own cluster takes the caller's word for it.
          const { cluster } = frame;
          link.send(encodeGatewayFrame({ kind: "hello", ...own, cluster }, this.#writer));
        } else if (frame.kind === "call") this.#onCall(link, underWay, frame);
        else if (frame.kind === "abort") underWay.get(frame.id)?.abort();
        else if (frame.kind === "ping") {
          link.send(encodeGatewayFrame({ kind: "pong" }, this.#writer));
        }
      },
      onClose: () => {
        // The caller is gone, and with it everybody who waits.
        for (const { abort } of underWay.values()) abort();
        underWay.clear();
      },
    });
  }

  #onCall(
    link: Link,
    underWay: Map<number, TakenCall>,
    frame: Extract<GatewayFrame, { kind: "call" }>,
  ): void {
    const { id, artifact } = frame;
    const taken = underWay.size >= underWayMax ? "full" : this.#options.callLocal(artifact, frame);
    if (typeof taken === "string") {
      this.#answer(link, id, { kind: taken });
      return;
    }
    underWay.set(id, taken);
    taken.answer.then((answer) => {
      underWay.delete(id);
      this.#answer(link, id, isTooLarge(answer) ? tooLarge(frame) : answer);
    });
  }

  #answer(link: Link, id: number, answer: Answer): void {
    const { status, body } = "status" in answer ? answer : { status: 0, body: "" };
    const frame = { kind: "answer", id, answer: answer.kind, status, body } as const;
    const sent = link.send(encodeGatewayFrame(frame, this.#writer));
    // A peer that does not read gets a closed link rather than missing answers.
    if (!sent) link.close("The peer does not read its answers");
  }
}

function isTooLarge(answer: Answer): boolean {
  return "body" in answer && isBodyTooLarge(answer.body);
}

function tooLarge({ artifact, method, requestId }: Call & { readonly artifact: string }): Answer {
  const error = new AetherError(
    "CALL_TOO_LARGE",
    `The output of ${artifact} ${method} is larger than the ${frameBodyBytesMax} bytes that one ` +
      "node sends to another",
  );
  const body = JSON.stringify(error.toProblem(requestId));
  return { kind: "problem", status: error.status, body };
}
