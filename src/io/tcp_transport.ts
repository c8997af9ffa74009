/**
 * Links over TCP in plain text: for loopback addresses and networks that are trusted.
 *
 * There is no handshake: who the peer is, and whether to believe it, is for the layer above. With
 * certificates it is `tls/tls_transport.ts` instead. The twin for tests is `MemoryNetwork` in
 * `src/base/transport`.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { assert } from "../base/assert.ts";
import {
  type Address,
  defaultTransportLimits,
  type DialOptions,
  dialTimeout,
  type Link,
  type Transport,
  type TransportLimits,
  unreachable,
} from "../base/transport/transport.ts";
import { cannotListen } from "./listen_error.ts";
import { type ByteHandlers, type ByteStream, StreamLink } from "./stream_link.ts";

const READ_BUFFER_BYTES = 256 * 1024;

/**
 * A transport that listens on the given address; port 0 takes a free one.
 *
 * @example
 * ```ts
 * import { tcpTransport } from "./tcp_transport.ts";
 * const server = tcpTransport({ hostname: "127.0.0.1", port: 0 });
 * const address = await server.listen((link) => link.start({ onFrame() {}, onClose() {} }));
 * const link = await server.dial(address, { timeoutMs: 1000 });
 * console.assert(link.send(Uint8Array.of(1)));
 * await server.close();
 * ```
 */
export function tcpTransport(address: Address, limits: Partial<TransportLimits> = {}): Transport {
  return new TcpTransport(address, { ...defaultTransportLimits, ...limits });
}

class TcpTransport implements Transport {
  readonly #address: Address;
  readonly #limits: TransportLimits;
  readonly #links = new Set<Link>();
  #listener: Deno.TcpListener | undefined;
  #accepting: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(address: Address, limits: TransportLimits) {
    this.#address = address;
    this.#limits = limits;
  }

  // deno-lint-ignore require-await -- async, so that a failure is a rejection
  async listen(onLink: (link: Link) => void): Promise<Address> {
    assert(this.#listener === undefined, "The transport listens already");
    try {
      this.#listener = Deno.listen({ ...this.#address, transport: "tcp" });
    } catch (thrown) {
      throw cannotListen(this.#address, thrown);
    }
    this.#accepting = this.#accept(this.#listener, onLink);
    const { hostname, port } = this.#listener.addr;
    return { hostname, port };
  }

  async dial(address: Address, options: DialOptions): Promise<Link> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), options.timeoutMs);
    let conn: Deno.TcpConn;
    try {
      conn = await Deno.connect({ ...address, signal: abort.signal });
    } catch (thrown) {
      if (abort.signal.aborted) throw dialTimeout(address, options.timeoutMs);
      throw unreachable(address, messageOf(thrown));
    } finally {
      clearTimeout(timer);
    }
    if (!this.#isClosed) return this.#adopt(conn);
    conn.close();
    throw unreachable(address, "this node is stopping");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.close();
    for (const link of [...this.#links]) link.close();
    await this.#accepting;
  }

  async #accept(listener: Deno.TcpListener, onLink: (link: Link) => void): Promise<void> {
    while (this.#listener === listener) {
      let conn: Deno.TcpConn;
      try {
        conn = await listener.accept();
      } catch (thrown) {
        if (this.#listener !== listener) return;
        // A caller that hung up while it waited is no reason to stop; too many files open is one to
        // wait, so that the loop does not spin.
        if (!(thrown instanceof Deno.errors.ConnectionAborted)) await nextTurn();
        continue;
      }
      if (this.#links.size >= this.#limits.maxLinks) conn.close();
      else onLink(this.#adopt(conn));
    }
  }

  #adopt(conn: Deno.TcpConn): Link {
    conn.setNoDelay(true);
    const link = new StreamLink(new TcpStream(conn), this.#limits, () => this.#links.delete(link));
    this.#links.add(link);
    return link;
  }
}

class TcpStream implements ByteStream {
  readonly remote: Address;
  readonly #conn: Deno.TcpConn;

  constructor(conn: Deno.TcpConn) {
    const { hostname, port } = conn.remoteAddr;
    this.remote = { hostname, port };
    this.#conn = conn;
  }

  async start(handlers: ByteHandlers): Promise<void> {
    const buffer = new Uint8Array(READ_BUFFER_BYTES);
    for (;;) {
      let count: number | null;
      try {
        count = await this.#conn.read(buffer);
      } catch (thrown) {
        return handlers.onEnd(`Receiving failed: ${messageOf(thrown)}`);
      }
      if (count === null) return handlers.onEnd("Closed by the peer");
      handlers.onBytes(buffer.subarray(0, count));
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  close(): void {
    this.#conn.close();
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
