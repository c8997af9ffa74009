/**
 * Judges the certificate at the other end of a TLS connection, before anything is read from it.
 *
 * TLS has checked the signatures and that the other end has the key; whose certificate it is, and
 * what to tell the operator when it does not hold, is decided here.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import { type CertificateInfo, type Identity, readCertificate, timeProblem } from "./identity.ts";
import type { Refusal } from "./refusals.ts";

/** What is known of the other end. */
export interface ShownCertificate {
  /** Undefined when it showed none. */
  readonly certificate: CertificateInfo | undefined;
  /** Whether TLS found it to be signed by a known authority, and in time. */
  readonly isAuthorized: boolean;
}

/** The certificate of a connection whose handshake is done. */
export function shownCertificate(socket: TLSSocket): ShownCertificate {
  const { raw } = socket.getPeerCertificate();
  const isAuthorized = socket.authorized;
  if (raw === undefined) return { certificate: undefined, isAuthorized };
  return { certificate: readCertificate(new Uint8Array(raw)), isAuthorized };
}

/** The node at the other end, or why it is not believed. */
export function certifiedNode(
  { certificate, isAuthorized }: ShownCertificate,
  own: Identity,
  nowMs: number,
): { readonly node: string } | Refusal {
  if (certificate === undefined) {
    return { kind: "no certificate", reason: "It showed no certificate" };
  }
  const { identity, issuer, subject } = certificate;
  const whose = identity === undefined ? subject : `${identity.role} ${identity.id}`;
  const its = `The certificate of ${whose}`;
  const late = timeProblem(certificate, nowMs);
  if (late !== undefined) return { kind: "time", reason: `${its} ${late}` };
  if (!isAuthorized) {
    const reason = `${its} was issued by "${issuer}", which is none of the authorities in tls.ca`;
    return { kind: "unknown authority", reason };
  }
  if (identity?.cluster !== own.cluster || identity.role !== "node") {
    const where = identity === undefined ? "no cluster" : `cluster "${identity.cluster}"`;
    const reason = `${its} is of ${where}, not of a node of cluster "${own.cluster}"`;
    return { kind: "identity", reason };
  }
  return { node: identity.id };
}
