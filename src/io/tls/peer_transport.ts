/**
 * The transport between nodes that a configuration asks for: mutual TLS with certificates, plain
 * TCP without. The configuration refuses plain TCP with other machines unless the operator insists.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Address, Link, Transport, TransportLimits } from "../../base/transport/transport.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { Logger } from "../../sdk/logger.ts";
import { tcpTransport } from "../tcp_transport.ts";
import { WatchedCredentials } from "./credentials.ts";
import { Refusals } from "./refusals.ts";
import { tlsTransport } from "./tls_transport.ts";

/** What a transport between nodes needs. */
export interface PeerTransportOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<TransportLimits>;
  /** See {@link TlsTransportOptions.onJoin}. */
  readonly onJoin?: (link: Link) => void;
}

/**
 * A transport that listens on an address; it follows the certificates until it is closed.
 *
 * @throws {AetherError} FILE_UNREADABLE, CERTIFICATE_INVALID
 */
export async function openPeerTransport(
  address: Address,
  { config, clock, log, limits = {}, onJoin }: PeerTransportOptions,
): Promise<Transport> {
  if (config.tls === undefined) return tcpTransport(address, limits);
  const { ca, certificate, key } = config.tls;
  const files = { ca, certificate, key };
  const node = config.node.id;
  const credentials = await WatchedCredentials.open({ files, node, clock, log });
  const refusals = new Refusals(log, clock);
  return tlsTransport(address, { credentials, refusals, clock, limits, onJoin });
}
