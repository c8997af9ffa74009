/**
 * Links over mutual TLS 1.3: the {@link Transport} of a cluster with certificates.
 *
 * Both ends show a certificate of a node, and {@link Link.certifiedNode} is what it says. A
 * connection without one is closed before a byte of it is read, logged once with the reason, and
 * counted. New connections use the credentials of the moment; those that are open stay.
 *
 * `node:tls` does the work, because Deno's own listener cannot ask for certificates. It is told to
 * accept every certificate and to say what it thinks of it, so that the log can tell why.
 *
 * @module
 */
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import * as tls from "node:tls";
import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import {
  type Address,
  defaultTransportLimits,
  type DialOptions,
  dialTimeout,
  formatAddress,
  type Link,
  type Transport,
  type TransportLimits,
  unreachable,
} from "../../base/transport/transport.ts";
import { cannotListen } from "../listen_error.ts";
import { StreamLink } from "../stream_link.ts";
import type { Credentials } from "./credentials.ts";
import { type HandshakeLimits, handshakeLimits, Handshakes } from "./handshakes.ts";
import { certifiedNode, shownCertificate } from "./peer_certificate.ts";
import type { Refusal, Refusals } from "./refusals.ts";
import { joinProtocol, linkProtocol, TlsStream } from "./tls_stream.ts";

/** Strangers get no more room than their question needs. */
const joinLimits = { maxFrameBytes: 64 * 1024 };

/** What a transport over TLS needs. */
export interface TlsTransportOptions {
  readonly credentials: CredentialsSource;
  readonly refusals: Refusals;
  readonly clock: Clock;
  readonly limits?: Partial<TransportLimits>;
  readonly handshakes?: Partial<HandshakeLimits>;
  /** Takes links of strangers that ask for a certificate. @default they are refused */
  readonly onJoin?: ((link: Link) => void) | undefined;
}

/** Credentials that may be replaced, as `WatchedCredentials`. */
export interface CredentialsSource {
  readonly current: Credentials;
  onChange(listener: () => void): void;
  /** Nobody needs them any more. */
  close(): void;
}

/**
 * A transport that listens on the given address; port 0 takes a free one. The credentials are
 * closed with it.
 */
export function tlsTransport(address: Address, options: TlsTransportOptions): Transport {
  return new TlsTransport(address, options);
}

class TlsTransport implements Transport {
  readonly #address: Address;
  readonly #options: TlsTransportOptions;
  readonly #limits: TransportLimits;
  readonly #links = new Set<Link>();
  readonly #handshakes: Handshakes;
  #acceptor: Server | undefined;
  #isClosed = false;

  constructor(address: Address, options: TlsTransportOptions) {
    this.#address = address;
    this.#options = options;
    this.#limits = { ...defaultTransportLimits, ...options.limits };
    const bounds = { ...handshakeLimits, ...options.handshakes };
    this.#handshakes = new Handshakes(
      options.clock,
      bounds,
      (host, refusal) => options.refusals.note(host, "from", refusal),
    );
  }

  get refusals(): Readonly<Record<string, number>> {
    return this.#options.refusals.counts;
  }

  async listen(onLink: (link: Link) => void): Promise<Address> {
    assert(this.#acceptor === undefined, "The transport listens already");
    const { credentials } = this.#options;
    const server = tls.createServer(serverOptions(credentials.current), (socket) => {
      this.#accept(socket, onLink);
    });
    credentials.onChange(() => server.setSecureContext(serverOptions(credentials.current)));
    server.on("tlsClientError", (error, socket) => {
      const { _parent: raw } = socket as { readonly _parent?: Socket };
      const host = raw?.remoteAddress ?? "unknown";
      this.#options.refusals.note(host, "from", handshakeRefusal(error));
      raw?.destroy();
    });
    const acceptor = createTcpServer((raw) => {
      // TLS hears of errors too, but only until its own socket is closed.
      raw.on("error", () => raw.destroy());
      raw.setNoDelay(true);
      if (this.#handshakes.add(raw)) server.emit("connection", raw);
    });
    await this.#open(acceptor);
    this.#acceptor = acceptor;
    const { address, port } = acceptor.address() as { address: string; port: number };
    return { hostname: address, port };
  }

  async dial(address: Address, { timeoutMs }: DialOptions): Promise<Link> {
    const { clock, refusals, credentials } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let isConnected = false;
    const socket = tls.connect({
      host: address.hostname,
      port: address.port,
      ...secureOptions(credentials.current),
      // The name is checked afterwards: a node is where it is, not what a name server says.
      checkServerIdentity: () => undefined,
    });
    const timer = clock.setTimer(timeoutMs, () => reject(dialTimeout(address, timeoutMs)));
    const refuse = (refusal: Refusal) => {
      refusals.note(address.hostname, "to", refusal);
      reject(peerRefused(address, refusal));
    };
    socket.once("connect", () => isConnected = true);
    socket.once("secureConnect", resolve);
    socket.on("error", (error) => {
      if (isConnected) refuse(handshakeRefusal(error));
      else reject(unreachable(address, error.message));
    });
    socket.once("close", () => refuse(closedEarly));
    try {
      await promise;
      socket.removeAllListeners("error").removeAllListeners("close");
      const stream = this.#judge(socket, address);
      if ("kind" in stream) {
        refusals.note(address.hostname, "to", stream);
        throw peerRefused(address, stream);
      }
      if (this.#isClosed) throw unreachable(address, "this node is stopping");
      socket.setNoDelay(true);
      return this.#adopt(stream);
    } catch (error) {
      socket.on("error", () => {});
      socket.destroy();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.credentials.close();
    const acceptor = this.#acceptor;
    this.#acceptor = undefined;
    this.#handshakes.close();
    for (const link of [...this.#links]) link.close();
    if (acceptor === undefined) return;
    await new Promise<void>((resolve) => acceptor.close(() => resolve()));
  }

  #open(acceptor: Server): Promise<void> {
    const { hostname, port } = this.#address;
    return new Promise((resolve, reject) => {
      acceptor.once("error", (error) => reject(cannotListen(this.#address, error)));
      acceptor.listen(port, hostname, () => {
        acceptor.removeAllListeners("error");
        // Too many files open, for example: those that wait are accepted later.
        acceptor.on("error", () => {});
        resolve();
      });
    });
  }

  #accept(socket: tls.TLSSocket, onLink: (link: Link) => void): void {
    this.#handshakes.done(socket);
    const { remoteAddress: hostname = "unknown", remotePort: port = 0 } = socket;
    const { onJoin } = this.#options;
    const isJoining = socket.alpnProtocol === joinProtocol && onJoin !== undefined;
    const remote = { hostname, port };
    const stream = isJoining
      ? new TlsStream(socket, remote, undefined)
      : this.#judge(socket, remote);
    if ("kind" in stream) {
      this.#options.refusals.note(hostname, "from", stream);
      socket.on("error", () => {});
      socket.destroy();
    } else if (this.#isClosed || this.#links.size >= this.#limits.maxLinks) stream.close();
    else if (isJoining) onJoin(this.#adopt(stream, joinLimits));
    else onLink(this.#adopt(stream));
  }

  /** Whether the other end is a node of this cluster. */
  #judge(socket: tls.TLSSocket, remote: Address): TlsStream | Refusal {
    const { credentials, clock, refusals } = this.#options;
    if (socket.alpnProtocol !== linkProtocol) {
      return { kind: "handshake", reason: "It does not speak the protocol of nodes" };
    }
    const { identity } = credentials.current;
    const found = certifiedNode(shownCertificate(socket), identity, clock.wallMs());
    if ("kind" in found) return found;
    refusals.forget(remote.hostname);
    return new TlsStream(socket, remote, found.node);
  }

  #adopt(stream: TlsStream, limits: Partial<TransportLimits> = {}): Link {
    const link = new StreamLink(
      stream,
      { ...this.#limits, ...limits },
      () => this.#links.delete(link),
    );
    this.#links.add(link);
    return link;
  }
}

const closedEarly: Refusal = {
  kind: "handshake",
  reason: "It closed the connection during the handshake",
};

function serverOptions(credentials: Credentials): tls.TlsOptions {
  const ALPNProtocols = [linkProtocol, joinProtocol];
  return { ...secureOptions(credentials), requestCert: true, ALPNProtocols };
}

function secureOptions(
  { authorities, certificate, key }: Credentials,
): tls.SecureContextOptions & tls.CommonConnectionOptions {
  return {
    ca: [...authorities],
    cert: certificate,
    key,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ALPNProtocols: [linkProtocol],
    rejectUnauthorized: false,
  };
}

function handshakeRefusal(error: Error): Refusal {
  return { kind: "handshake", reason: `The TLS handshake failed: ${error.message}` };
}

function peerRefused(address: Address, { reason }: Refusal): AetherError {
  return new AetherError("PEER_REFUSED", `The node at ${formatAddress(address)}: ${reason}`);
}
