/**
 * A TLS connection whose handshake is done, as a stream of bytes.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import type { Address } from "../../base/transport/transport.ts";
import type { ByteHandlers, ByteStream } from "../stream_link.ts";

/** Name of the protocol of links between nodes, in the handshake. */
export const linkProtocol = "aether/1";
/** The same for asking for a certificate, which needs none. */
export const joinProtocol = "aether-join/1";

/** Wraps a socket; nothing is read before {@link TlsStream.start}. */
export class TlsStream implements ByteStream {
  readonly remote: Address;
  readonly certifiedNode: string | undefined;
  readonly #socket: TLSSocket;
  #handlers: ByteHandlers | undefined;
  #endReason: string | undefined;

  constructor(socket: TLSSocket, remote: Address, certifiedNode: string | undefined) {
    this.remote = remote;
    this.certifiedNode = certifiedNode;
    this.#socket = socket;
    socket.on("error", (error) => this.#end(`Receiving failed: ${error.message}`));
    socket.once("end", () => this.#end("Closed by the peer"));
    socket.once("close", () => this.#end("Closed by the peer"));
  }

  start(handlers: ByteHandlers): void {
    this.#handlers = handlers;
    // A Buffer's slice() would be no copy, so nobody behind this point gets one.
    this.#socket.on("data", ({ buffer, byteOffset, byteLength }: Uint8Array) => {
      handlers.onBytes(new Uint8Array(buffer, byteOffset, byteLength));
    });
    const reason = this.#endReason;
    if (reason !== undefined) queueMicrotask(() => handlers.onEnd(reason));
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve());
    });
  }

  close(): void {
    this.#handlers = undefined;
    this.#socket.destroy();
  }

  #end(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#handlers?.onEnd(reason);
  }
}
