/**
 * Takes the calls of other nodes' gateways and answers them from instances on this node.
 *
 * It never forwards: a call for which this node has no instance is answered "notHosted", and the
 * caller goes elsewhere.
 *
 * @module
 */
import { ByteWriter, DecodeError } from "../base/codec.ts";
import type { Link } from "../base/transport/transport.ts";
import {
  decodeGatewayFrame,
  encodeGatewayFrame,
  type GatewayFrame,
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
  /** Id of this cluster; "" while it is not known. */
  cluster(): string;
  /** Calls a local instance of a contract. */
  callLocal(contract: string, call: Call): TakenCall | "notHosted" | "full";
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
          const own = this.#options.cluster();
          if (own !== "" && frame.cluster !== own) link.close("Another cluster's gateway");
          isGreeted = true;
        } else if (frame.kind === "call") this.#onCall(link, underWay, frame);
        else if (frame.kind === "abort") underWay.get(frame.id)?.abort();
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
    const { id, contract } = frame;
    const taken = underWay.size >= underWayMax ? "full" : this.#options.callLocal(contract, frame);
    if (typeof taken === "string") {
      this.#answer(link, id, { kind: taken });
      return;
    }
    underWay.set(id, taken);
    taken.answer.then((answer) => {
      underWay.delete(id);
      this.#answer(link, id, answer);
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
