/**
 * Links over TCP: the real {@link Transport}.
 *
 * Frames of one event-loop turn leave in one write, because a write costs the same for one frame as
 * for hundreds. Plain text for now and without handshake: who the peer is, and whether to trust it,
 * is for the layer above. The twin for tests is `MemoryNetwork` in `src/base/transport.ts`.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { assert } from "../base/assert.ts";
import { ByteWriter, DecodeError } from "../base/codec.ts";
import { AetherError } from "../base/errors.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../base/transport/frame.ts";
import {
  type Address,
  defaultTransportLimits,
  type DialOptions,
  dialTimeout,
  formatAddress,
  type Link,
  type LinkHandlers,
  type Transport,
  type TransportLimits,
  unreachable,
} from "../base/transport/transport.ts";

const READ_BUFFER_BYTES = 64 * 1024;

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
  readonly #links = new Set<TcpLink>();
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
      throw listenError(this.#address, thrown);
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
    const link = new TcpLink(conn, this.#limits, () => this.#links.delete(link));
    this.#links.add(link);
    return link;
  }
}

class TcpLink implements Link {
  readonly remote: Address;
  readonly #conn: Deno.TcpConn;
  readonly #limits: TransportLimits;
  readonly #onGone: () => void;
  #handlers: LinkHandlers | undefined;
  #closeReason: string | undefined;
  /** Frames of this turn, and those that wait for the write under way. */
  #pending = new ByteWriter();
  #spare = new ByteWriter();
  #writingBytes = 0;
  #isFlushing = false;
  #isDrainWanted = false;

  constructor(conn: Deno.TcpConn, limits: TransportLimits, onGone: () => void) {
    const { hostname, port } = conn.remoteAddr;
    this.remote = { hostname, port };
    this.#conn = conn;
    this.#limits = limits;
    this.#onGone = onGone;
  }

  get queuedBytes(): number {
    return this.#pending.length + this.#writingBytes;
  }

  start(handlers: LinkHandlers): void {
    assert(this.#handlers === undefined, "The link is started already");
    this.#handlers = handlers;
    if (this.#closeReason === undefined) this.#read(handlers);
    else this.#notifyClosed();
  }

  send(frame: Uint8Array): boolean {
    const { maxFrameBytes, maxQueuedBytes } = this.#limits;
    assert(frame.length > 0 && frame.length <= maxFrameBytes, `Frame of ${frame.length} bytes`);
    if (this.#closeReason !== undefined) return false;
    if (this.queuedBytes + FRAME_HEADER_BYTES + frame.length > maxQueuedBytes) {
      this.#isDrainWanted = true;
      return false;
    }
    writeFrame(this.#pending, frame);
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(() => this.#flush());
    }
    return true;
  }

  close(reason = "Closed by this side"): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#pending.clear();
    this.#conn.close();
    this.#onGone();
    this.#notifyClosed();
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0 && this.#closeReason === undefined) {
      const batch = this.#pending;
      this.#pending = this.#spare;
      this.#spare = batch;
      try {
        await this.#writeAll(batch.view());
      } catch (thrown) {
        this.close(`Sending failed: ${messageOf(thrown)}`);
      }
      batch.clear();
      this.#announceDrain();
    }
    this.#isFlushing = false;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    this.#writingBytes = bytes.length;
    try {
      while (this.#writingBytes > 0) {
        this.#writingBytes -= await this.#conn.write(bytes.subarray(-this.#writingBytes));
      }
    } finally {
      this.#writingBytes = 0;
    }
  }

  #announceDrain(): void {
    if (!this.#isDrainWanted || this.queuedBytes > this.#limits.maxQueuedBytes / 2) return;
    this.#isDrainWanted = false;
    if (this.#closeReason === undefined) this.#handlers?.onDrain?.();
  }

  async #read(handlers: LinkHandlers): Promise<void> {
    const buffer = new Uint8Array(READ_BUFFER_BYTES);
    const frames = new FrameReader(this.#limits.maxFrameBytes);
    while (this.#closeReason === undefined) {
      let count: number | null;
      try {
        count = await this.#conn.read(buffer);
      } catch (thrown) {
        return this.close(`Receiving failed: ${messageOf(thrown)}`);
      }
      if (count === null) return this.close("Closed by the peer");
      try {
        frames.push(buffer.subarray(0, count));
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
          handlers.onFrame(frame);
          if (this.#closeReason !== undefined) return;
        }
      } catch (thrown) {
        if (!(thrown instanceof DecodeError)) throw thrown;
        return this.close(`Frame refused: ${thrown.message}`);
      }
    }
  }

  #notifyClosed(): void {
    const handlers = this.#handlers;
    if (handlers === undefined) return;
    const reason = this.#closeReason ?? "Closed";
    queueMicrotask(() => handlers.onClose(reason));
  }
}

function listenError(address: Address, thrown: unknown): AetherError {
  const where = formatAddress(address);
  if (thrown instanceof Deno.errors.AddrInUse) {
    return new AetherError("PORT_TAKEN", `Another program listens on ${where} already`, {
      cause: thrown,
    });
  }
  return new AetherError("CONFIG_INVALID", `Listening on ${where} failed: ${messageOf(thrown)}`, {
    hint: "Choose an address of this machine and a port this user may use",
    cause: thrown,
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
