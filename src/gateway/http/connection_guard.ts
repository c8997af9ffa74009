/**
 * Time limits of client connections, which Deno.serve does not have: heads that do not end, idle
 * connections, clients that take nothing of their answers, too many connections.
 *
 * It costs a request next to nothing: only the set of requests under way is kept, and once a second
 * the kernel is asked what went through each connection (`io/tcp_sockets.ts`).
 *
 * @module
 */
import { remoteOf, type TcpConnection, type TcpSockets } from "../../io/tcp_sockets.ts";
import type { Config } from "../../protocol/config/config.ts";

/** Who sent a request; `Deno.ServeHandlerInfo` is one. */
export interface Peer {
  readonly remoteAddr: Deno.Addr;
  /** Settles when the answer has been sent. */
  readonly completed?: Promise<void>;
}

/** Address of a peer; undefined once Deno has let go of its request. */
export function addressOf(peer: Peer): Deno.NetAddr | undefined {
  try {
    const { remoteAddr } = peer;
    return "hostname" in remoteAddr ? remoteAddr as Deno.NetAddr : undefined;
  } catch {
    return undefined;
  }
}

/** Limits of connections. */
export type ConnectionLimits = Pick<
  Config["app"],
  "headerTimeoutMs" | "idleTimeoutMs" | "writeTimeoutMs" | "maxConnections"
>;

/** Why a connection was closed. */
export type ClosedFor = "head" | "idle" | "write" | "count";

interface Watched {
  connection: TcpConnection;
  /** When something was last sent to it or it had a request under way. */
  usedAt: number;
  /** What had come in by then. */
  usedBytes: bigint;
  /** When it last took something of what was sent. */
  ackedAt: number;
  /** When the first bytes of a head that is not complete were seen. */
  headAt: number | undefined;
}

/** Watches the connections of one server. */
export class ConnectionGuard {
  readonly #sockets: TcpSockets;
  readonly #port: number;
  #limits: ConnectionLimits;
  #watched = new Map<string, Watched>();
  readonly #underWay = new Set<Peer>();

  /** @param port of the server */
  constructor(sockets: TcpSockets, port: number, limits: ConnectionLimits) {
    this.#sockets = sockets;
    this.#port = port;
    this.#limits = limits;
  }

  /** Takes over other limits. */
  configure(limits: ConnectionLimits): void {
    this.#limits = limits;
  }

  /** A request is under way until `end()`. */
  begin(peer: Peer): void {
    this.#underWay.add(peer);
  }

  /** The request has its answer. */
  end(peer: Peer): void {
    this.#underWay.delete(peer);
  }

  /** The answer of a request is under way until something settles, beyond `end()`. */
  hold(remoteAddr: Deno.Addr, until: Promise<void>): void {
    const holder: Peer = { remoteAddr };
    this.#underWay.add(holder);
    const end = () => this.#underWay.delete(holder);
    until.then(end, end);
  }

  /** Closes what has been waiting too long; call it every second or so. */
  sweep(now: number): ClosedFor[] {
    const busy = new Set<string>();
    for (const peer of this.#underWay) {
      const address = addressOf(peer);
      if (address !== undefined) busy.add(remoteOf(address.hostname, address.port));
    }
    const former = this.#watched;
    this.#watched = new Map();
    const closed: ClosedFor[] = [];
    for (const connection of this.#sockets.incoming(this.#port)) {
      const { remote } = connection;
      const watched = this.#update(former.get(remote), connection, busy.has(remote), now);
      const reason = this.#overdue(watched, busy.has(remote), now);
      if (reason === undefined) this.#watched.set(remote, watched);
      else if (this.#sockets.close(connection)) closed.push(reason);
    }
    return [...closed, ...this.#closeSurplus(busy)];
  }

  #update(
    former: Watched | undefined,
    connection: TcpConnection,
    isBusy: boolean,
    now: number,
  ): Watched {
    if (former === undefined) {
      this.#sockets.watch(connection, this.#limits.writeTimeoutMs);
      // What came before an answer was its request. The handshake counts as one byte.
      const usedBytes = connection.ackedBytes > 1n ? connection.receivedBytes : 0n;
      return { connection, usedAt: now, usedBytes, ackedAt: now, headAt: undefined };
    }
    const watched = { ...former, connection };
    const { ackedBytes, receivedBytes, isSending } = connection;
    const hasAcked = ackedBytes !== former.connection.ackedBytes;
    if (hasAcked || !isSending) watched.ackedAt = now;
    if (hasAcked || isBusy) {
      watched.usedAt = now;
      watched.usedBytes = receivedBytes;
      watched.headAt = undefined;
    }
    return watched;
  }

  #overdue(watched: Watched, isBusy: boolean, now: number): ClosedFor | undefined {
    const { headerTimeoutMs, idleTimeoutMs, writeTimeoutMs } = this.#limits;
    const { connection, usedAt, usedBytes, ackedAt } = watched;
    if (connection.isSending) return now - ackedAt > writeTimeoutMs ? "write" : undefined;
    if (isBusy) return undefined;
    if (connection.receivedBytes === usedBytes) {
      return now - usedAt > idleTimeoutMs ? "idle" : undefined;
    }
    watched.headAt ??= now;
    return now - watched.headAt > headerTimeoutMs ? "head" : undefined;
  }

  #closeSurplus(busy: ReadonlySet<string>): ClosedFor[] {
    const surplus = this.#watched.size - this.#limits.maxConnections;
    if (surplus <= 0) return [];
    const idle = [...this.#watched].filter(([remote]) => !busy.has(remote));
    idle.sort(([, one], [, other]) => one.usedAt - other.usedAt);
    const closed: ClosedFor[] = [];
    for (const [remote, { connection }] of idle.slice(0, surplus)) {
      this.#watched.delete(remote);
      if (this.#sockets.close(connection)) closed.push("count");
    }
    return closed;
  }
}
