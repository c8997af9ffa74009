/**
 * Streams of calls on a link between two gateways; both ends use it.
 *
 * @module
 */
import { ByteWriter } from "../base/codec.ts";
import type { Link } from "../base/transport/transport.ts";
import type { FlowChannel } from "../io/flows.ts";
import { encodeGatewayFrame, type GatewayFrame } from "../protocol/gateway/frame.ts";

/** Bytes that wait on a link before streams must wait: short calls go before them. */
const queuedBytesMax = 2 * 1024 * 1024;

/** Writes frames of streams. */
export class PeerFlows {
  /** For `Flows`; whoever owns it wakes the streams that had to wait. */
  readonly channel: FlowChannel;
  readonly #link: () => Link | undefined;
  readonly #writer = new ByteWriter();

  /** @param link where frames leave; undefined while there is none */
  constructor(link: () => Link | undefined) {
    this.#link = link;
    this.channel = {
      data: (id, message) => {
        const link = this.#link();
        // Without a link nobody reads; the call is told so.
        if (link === undefined) return true;
        return link.queuedBytes < queuedBytesMax && this.#send({ kind: "data", id, message });
      },
      end: (id, { code, reason }) => this.#insist({ kind: "end", id, code, reason }),
      credit: (id, cost) => this.#insist({ kind: "credit", id, cost }),
    };
  }

  #send(frame: GatewayFrame): boolean {
    return this.#link()?.send(encodeGatewayFrame(frame, this.#writer)) ?? false;
  }

  /** What must not be lost closes a link that does not take it. */
  #insist(frame: GatewayFrame): void {
    if (!this.#send(frame)) this.#link()?.close("The peer does not read");
  }
}
