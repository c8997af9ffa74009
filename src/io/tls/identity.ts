/**
 * Who a certificate is for: a node or a client of a named cluster, as a URI in it.
 *
 * Reads certificates and judges them; whether an authority has signed one is checked where it is
 * presented, by TLS. Making certificates is `certificates.ts`.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { AetherError } from "../../base/errors.ts";

const roles = ["node", "client", "authority"] as const;
type Role = typeof roles[number];

/** A name in a certificate. */
export interface Identity {
  /** The name that the operator gave the cluster; not its id, which exists only once it formed. */
  readonly cluster: string;
  /** Nodes may talk to nodes; clients may not. Authorities issue. */
  readonly role: Role;
  readonly id: string;
}

/** What a certificate says. */
export interface CertificateInfo {
  /** Undefined for certificates that were not made by `aether tls`. */
  readonly identity: Identity | undefined;
  readonly isAuthority: boolean;
  readonly subject: string;
  readonly issuer: string;
  /** Further names, as `DNS:localhost`. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the certificate in hexadecimal. */
  readonly sha256: string;
}

const uriPattern = /^aether:\/\/([a-z0-9-]{1,63})\/([a-z]+)\/([a-z0-9-]{1,63})$/;
const pemPattern = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The URI that stands in a certificate. */
export function identityUri({ cluster, role, id }: Identity): string {
  return `aether://${cluster}/${role}/${id}`;
}

/** The certificates of a text, each in PEM form. */
export function splitPem(text: string): string[] {
  return text.match(pemPattern) ?? [];
}

/**
 * Reads one certificate, PEM or DER.
 *
 * @throws {AetherError} CERTIFICATE_INVALID
 */
export function readCertificate(encoded: string | Uint8Array): CertificateInfo {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(encoded);
  } catch (cause) {
    throw new AetherError("CERTIFICATE_INVALID", "The text is not a certificate", { cause });
  }
  const names = (certificate.subjectAltName ?? "").split(", ").filter((name) => name !== "");
  return {
    identity: identityOf(names),
    isAuthority: certificate.ca,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: names.filter((name) => !name.startsWith("URI:")),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** Why a certificate does not hold now; undefined when it does. */
export function timeProblem(certificate: CertificateInfo, nowMs: number): string | undefined {
  const { notBeforeMs, notAfterMs } = certificate;
  const clock = `this machine's clock says ${iso(nowMs)}`;
  if (nowMs > notAfterMs) return `has expired at ${iso(notAfterMs)}; ${clock}`;
  if (nowMs < notBeforeMs) return `is not valid before ${iso(notBeforeMs)}; ${clock}`;
  return undefined;
}

/** Seconds are all that certificates have. */
export function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Exactly one URI of ours: whoever has two names has none. */
function identityOf(names: readonly string[]): Identity | undefined {
  const uris = names.filter((name) => name.startsWith("URI:"));
  const [, cluster, word, id] = uriPattern.exec(uris[0]?.slice("URI:".length) ?? "") ?? [];
  const role = roles.find((each) => each === word);
  if (uris.length !== 1 || cluster === undefined || role === undefined || id === undefined) {
    return undefined;
  }
  return { cluster, role, id };
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}
