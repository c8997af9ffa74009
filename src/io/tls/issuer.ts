/**
 * The authority on a node whose operator has put its key there, so that new nodes can be given
 * certificates while the cluster runs. Without the key nodes only check certificates.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { AetherError } from "../../base/errors.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { KeyPair } from "./certificates.ts";
import { readCertificate, splitPem } from "./identity.ts";

const dayMs = 86_400_000;

/** An authority that can issue. */
export interface Issuer {
  readonly authority: KeyPair;
  /** All authorities that nodes believe. */
  readonly authorities: readonly string[];
  readonly cluster: string;
  /** SHA-256 of the authority's certificate. */
  readonly sha256: string;
  /** How long its certificates hold. */
  readonly validMs: number;
}

/**
 * The authority whose key this is, among the certificates of a text.
 *
 * @throws {AetherError} CERTIFICATE_INVALID
 */
export function authorityOf(certificates: string, key: string): KeyPair {
  let own: ReturnType<typeof createPrivateKey>;
  try {
    own = createPrivateKey(key);
  } catch {
    const text = "The authority's key is no private key in PEM form";
    throw new AetherError("CERTIFICATE_INVALID", text);
  }
  const found = splitPem(certificates).find((pem) => new X509Certificate(pem).checkPrivateKey(own));
  if (found !== undefined) return { certificate: `${found}\n`, key };
  const text = "The authority's key belongs to none of its certificates";
  throw new AetherError("CERTIFICATE_INVALID", text);
}

/** The name of the cluster for which an authority issues. */
export function clusterOf({ certificate }: KeyPair): string {
  const { identity } = readCertificate(certificate);
  if (identity?.role === "authority") return identity.cluster;
  const text = "The authority was not made by `aether tls init`";
  throw new AetherError("CERTIFICATE_INVALID", text);
}

/**
 * The authority that this node's configuration names.
 *
 * @throws {AetherError} ISSUER_MISSING, FILE_UNREADABLE, CERTIFICATE_INVALID
 */
export async function readIssuer(config: Config): Promise<Issuer> {
  const { tls, node } = config;
  if (tls?.issuerKey === undefined) {
    const lacks = tls === undefined ? "no [tls]" : "no tls.issuerKey";
    throw new AetherError("ISSUER_MISSING", `Node ${node.id} has ${lacks}`);
  }
  const certificates = await readText(tls.ca);
  const authority = authorityOf(certificates, await readText(tls.issuerKey));
  return {
    authority,
    authorities: splitPem(certificates),
    cluster: clusterOf(authority),
    sha256: readCertificate(authority.certificate).sha256,
    validMs: 365 * dayMs,
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const text = `The file "${path}" cannot be read: ${reason}`;
    throw new AetherError("FILE_UNREADABLE", text, { cause });
  }
}
