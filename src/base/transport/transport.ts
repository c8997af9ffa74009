/**
 * Links between nodes as an argument.
 *
 * A {@link Link} carries whole frames in order, both ways, without loss while it is open; it says
 * nothing about who is at the other end. Sending never waits: what does not fit in the queue is
 * refused. `src/io/tcp_transport.ts` is the real one, `memory_network.ts` the twin that a simulator
 * cuts and delays; both pass one conformance suite.
 *
 * @module
 */
import { AetherError } from "../errors.ts";

/** Where a transport listens. */
export interface Address {
  /** A name or an IP address, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** What a {@link Link} calls. */
export interface LinkHandlers {
  /**
   * One frame, valid until the handler returns: what is kept is copied. Throwing DecodeError closes
   * this link and no other.
   */
  onFrame(frame: Uint8Array): void;
  /** The link is closed, by either side or by a failure; called once, in a later turn. */
  onClose(reason: string): void;
  /** After a refused `send()`: half of the queue is free again. */
  onDrain?(): void;
}

/** One connection to another node. */
export interface Link {
  /** The other end's address, as the connection shows it. */
  readonly remote: Address;
  /**
   * The node that the other end has proven to be, by its certificate; undefined on a link without
   * certificates, whose other end can only be believed.
   */
  readonly certifiedNode?: string | undefined;
  /** Bytes accepted by `send()` and not yet taken over by the network. */
  readonly queuedBytes: number;
  /** Starts receiving. Call once; until then frames wait. */
  start(handlers: LinkHandlers): void;
  /**
   * Queues a frame of 1 byte up to the transport's limit; it may be reused at once. All frames of a
   * turn leave in one write.
   *
   * @returns false, and nothing is sent, when the queue is full or the link is closed.
   */
  send(frame: Uint8Array): boolean;
  /** Closes at once; frames still queued are lost. */
  close(reason?: string): void;
}

/** How long to try. */
export interface DialOptions {
  readonly timeoutMs: number;
}

/** A way to reach other nodes and be reached. */
export interface Transport {
  /**
   * Takes connections from now on.
   *
   * @returns the address, with the port that was chosen when it was 0.
   * @throws {AetherError} PORT_TAKEN when another program listens there.
   */
  listen(onLink: (link: Link) => void): Promise<Address>;
  /**
   * Connects to another node.
   *
   * @throws {AetherError} UNREACHABLE when refused, TIMEOUT when nothing answers in time.
   */
  dial(address: Address, options: DialOptions): Promise<Link>;
  /** Connections that were refused for lack of a certificate that holds, by reason. */
  readonly refusals?: Readonly<Record<string, number>>;
  /** Stops listening and closes every link. */
  close(): Promise<void>;
}

/** Limits of a transport. */
export interface TransportLimits {
  /** Bytes of a frame. @default 4 MiB */
  readonly maxFrameBytes: number;
  /** Bytes that wait on one link. @default 16 MiB */
  readonly maxQueuedBytes: number;
  /** Links at a time; further incoming ones are closed at once. @default 256 */
  readonly maxLinks: number;
}

/** The limits unless told otherwise. */
export const defaultTransportLimits: TransportLimits = Object.freeze({
  maxFrameBytes: 4 * 1024 * 1024,
  maxQueuedBytes: 16 * 1024 * 1024,
  maxLinks: 256,
});

/** `hostname:port`, with brackets around IPv6. */
export function formatAddress(address: Address): string {
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `${host}:${address.port}`;
}

/** What {@link formatAddress} writes, in its parts. */
export function parseAddress(text: string): Address {
  const end = text.lastIndexOf(":");
  const hostname = text.slice(0, end).replace(/^\[(.*)\]$/, "$1");
  return { hostname, port: Number(text.slice(end + 1)) };
}

/** The error of a refused dial; the same from every transport. */
export function unreachable(address: Address, cause: string): AetherError {
  return new AetherError("UNREACHABLE", `Node at ${formatAddress(address)} refused: ${cause}`, {
    hint: "Check that the node runs and that its cluster address is right",
  });
}

/** The error of a dial that nothing answered; the same from every transport. */
export function dialTimeout(address: Address, timeoutMs: number): AetherError {
  return new AetherError(
    "TIMEOUT",
    `Node at ${formatAddress(address)} did not answer within ${timeoutMs} ms`,
    { hint: "Check that the node runs and that no firewall is in between" },
  );
}
