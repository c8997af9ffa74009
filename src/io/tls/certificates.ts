/**
 * Makes certificates: the cluster's own authority, and what it issues.
 *
 * The only module that knows `@peculiar/x509`, which takes a tenth of a second to load: nodes
 * import it only when they issue or ask for a certificate. What stands in a certificate is decided
 * here, never by who asks for it.
 *
 * @module
 */
import { isIP } from "node:net";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { AetherError } from "../../base/errors.ts";
import { type Identity, identityUri, iso, readCertificate, timeProblem } from "./identity.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const serverAndClient = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
const clientOnly = ["1.3.6.1.5.5.7.3.2"];
/** Certificates begin a little in the past, for machines whose clocks are behind. */
const backdateMs = 10 * 60_000;

x509.cryptoProvider.set(crypto);

/** A certificate and its private key, both in PEM form. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is to say. */
export interface IssueOptions {
  readonly authority: KeyPair;
  readonly identity: Identity;
  /** Names and addresses by which clients of HTTPS may call it. @default {["localhost"]} */
  readonly hosts?: readonly string[];
  readonly nowMs: number;
  readonly validMs: number;
}

/** A new authority for a cluster of this name. */
export async function createAuthority(
  { cluster, nowMs, validMs }: { cluster: string; nowMs: number; validMs: number },
): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const serialNumber = newSerial();
  const id = serialNumber.slice(0, 8);
  const uri = identityUri({ cluster, role: "authority", id });
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    // Two authorities of one cluster, as during a roll-over, have different names.
    name: `CN=Aether ${cluster} authority ${id}`,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + validMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: uri }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await exportKey(keys.privateKey) };
}

/**
 * A new key with a certificate for it.
 *
 * @throws {AetherError} CERTIFICATE_INVALID when the authority cannot issue it.
 */
export async function issueCertificate(options: IssueOptions): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await sign(options, keys.publicKey);
  return { certificate, key: await exportKey(keys.privateKey) };
}

/** A new key with a request for a certificate, which proves that the sender has the key. */
export async function createRequest(): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: "CN=Aether node",
    keys,
    signingAlgorithm: algorithm,
  });
  return { request: `${request.toString("pem")}\n`, key: await exportKey(keys.privateKey) };
}

/**
 * A certificate for the key of a request. Nothing else of the request counts.
 *
 * @throws {AetherError} CERTIFICATE_INVALID for a bad request or authority.
 */
export async function signRequest(request: string, options: IssueOptions): Promise<string> {
  let publicKey: CryptoKey;
  try {
    const read = new x509.Pkcs10CertificateRequest(request);
    if (!await read.verify()) throw new Error("Its signature is wrong");
    publicKey = await read.publicKey.export(algorithm, ["verify"]);
  } catch (cause) {
    throw invalid(`The request for a certificate cannot be used: ${reasonOf(cause)}`, cause);
  }
  return await sign(options, publicKey);
}

async function sign(options: IssueOptions, publicKey: CryptoKey): Promise<string> {
  const { authority, identity, hosts = ["localhost"], nowMs, validMs } = options;
  const issuer = readCertificate(authority.certificate);
  const problem = timeProblem(issuer, nowMs);
  if (problem !== undefined) throw invalid(`The certificate of the authority ${problem}`);
  if (!issuer.isAuthority) {
    throw invalid("The certificate of the authority is none of an authority");
  }
  const issuerCertificate = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `CN=${identity.id}`,
    issuer: issuerCertificate.subject,
    notBefore: new Date(Math.max(nowMs - backdateMs, issuer.notBeforeMs)),
    notAfter: new Date(Math.min(nowMs + validMs, issuer.notAfterMs)),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: await importKey(authority),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(identity.role === "node" ? serverAndClient : clientOnly),
      new x509.SubjectAlternativeNameExtension([
        { type: "url", value: identityUri(identity) },
        ...(identity.role === "node" ? hosts : []).map(nameOfHost),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate, false),
    ],
  });
  return pemOf(certificate);
}

function nameOfHost(host: string): x509.JsonGeneralName {
  if (isIP(host) !== 0) return { type: "ip", value: host };
  if (/^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) {
    return { type: "dns", value: host };
  }
  throw invalid(`${JSON.stringify(host)} is no host name and no IP address`);
}

/** The authority's private key, once it is clear that it belongs to the certificate. */
async function importKey({ certificate, key }: KeyPair): Promise<CryptoKey> {
  try {
    const der = x509.PemConverter.decodeFirst(key);
    const signing = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
    const verifying = await new x509.X509Certificate(certificate).publicKey.export(
      algorithm,
      ["verify"],
    );
    const probe = new TextEncoder().encode(iso(0));
    const signature = await crypto.subtle.sign(algorithm, signing, probe);
    if (await crypto.subtle.verify(algorithm, verifying, signature, probe)) return signing;
  } catch (cause) {
    const text = "The authority's key cannot be read; it must be an ECDSA key on P-256 in PEM form";
    throw invalid(`${text}: ${reasonOf(cause)}`, cause);
  }
  throw invalid("The authority's key does not belong to its certificate");
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey("pkcs8", key);
  return `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`;
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

/** 127 random bits; the first one is not set, so that the number is positive and never shorter. */
function newSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] ?? 0) & 0x3f | 0x40;
  return bytes.toHex();
}

function invalid(message: string, cause?: unknown): AetherError {
  return new AetherError("CERTIFICATE_INVALID", message, { cause });
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
