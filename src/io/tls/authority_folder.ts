/**
 * The folder of an operator who runs an authority: its certificates, its key, and what it issued.
 *
 *     ca.crt   certificates of the authorities that nodes believe, the issuing one first
 *     ca.key   key of the issuing authority: stays here, nodes do not need it
 *     n1.crt   certificate of node n1
 *     n1.key   its key: belongs on n1 only
 *
 * Keys are readable by their owner only. Nothing is overwritten unless it is to be replaced; then
 * the new file takes the place of the old one at once, never in parts. `aether tls` calls this.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../base/errors.ts";
import { createAuthority, issueCertificate, type KeyPair } from "./certificates.ts";
import { authorityOf, clusterOf } from "./issuer.ts";
import { type CertificateInfo, type Identity, readCertificate, splitPem } from "./identity.ts";

const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const authorityFile = "ca.crt";
const authorityKeyFile = "ca.key";

/** When certificates begin and how long they hold. */
export interface Validity {
  readonly nowMs: number;
  readonly validMs: number;
}

/** What {@link issueInto} makes. */
export interface IssueRequest extends Validity {
  readonly names: readonly string[];
  readonly role: "node" | "client";
  readonly hosts: readonly string[];
}

/** A certificate in the folder. */
export interface IssuedFile {
  readonly path: string;
  readonly info: CertificateInfo;
}

/**
 * Makes the folder with a new authority for a cluster of this name.
 *
 * @throws {AetherError} FILE_EXISTS, USAGE
 */
export async function initAuthority(
  folder: string,
  { cluster, ...validity }: Validity & { readonly cluster: string },
): Promise<IssuedFile> {
  checkName(cluster, "cluster");
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  return await writePair(folder, "ca", await createAuthority({ cluster, ...validity }), "new");
}

/**
 * Issues certificates; none of them when one of the files exists.
 *
 * @throws {AetherError} FILE_EXISTS, FILE_UNREADABLE, CERTIFICATE_INVALID, USAGE
 */
export async function issueInto(folder: string, request: IssueRequest): Promise<IssuedFile[]> {
  const { names, role, hosts, nowMs, validMs } = request;
  const authority = await readAuthority(folder);
  for (const name of names) {
    checkName(name, role);
    for (const path of [`${name}.crt`, `${name}.key`]) await refuseExisting(join(folder, path));
  }
  const issued: IssuedFile[] = [];
  for (const id of names) {
    const identity: Identity = { cluster: clusterOf(authority), role, id };
    const pair = await issueCertificate({ authority, identity, hosts, nowMs, validMs });
    issued.push(await writePair(folder, id, pair, "new"));
  }
  return issued;
}

/**
 * Replaces certificates and keys by new ones with the same names; all of the folder unless named.
 *
 * @throws {AetherError} FILE_UNREADABLE, CERTIFICATE_INVALID, USAGE
 */
export async function rotateIn(
  folder: string,
  names: readonly string[] | undefined,
  validity: Validity,
): Promise<IssuedFile[]> {
  const authority = await readAuthority(folder);
  const found = await listIssued(folder);
  const chosen = names === undefined ? found : names.map((name) => {
    const file = found.find(({ info }) => info.identity?.id === name);
    if (file !== undefined) return file;
    throw new AetherError("USAGE", `There is no certificate of "${name}" in "${folder}"`);
  });
  const rotated: IssuedFile[] = [];
  for (const { info } of chosen) {
    if (info.identity === undefined) continue;
    const hosts = info.names.map((name) => name.replace(/^(DNS|IP Address):/, ""));
    const options = { authority, identity: info.identity, hosts, ...validity };
    const pair = await issueCertificate(options);
    rotated.push(await writePair(folder, info.identity.id, pair, "replace"));
  }
  return rotated;
}

/**
 * Makes a new authority that issues from now on; nodes go on believing the old one too, until
 * {@link dropAuthorities}.
 *
 * @throws {AetherError} FILE_UNREADABLE, CERTIFICATE_INVALID
 */
export async function replaceAuthority(folder: string, validity: Validity): Promise<IssuedFile> {
  const cluster = clusterOf(await readAuthority(folder));
  const { certificate, key } = await createAuthority({ cluster, ...validity });
  const former = await readText(join(folder, authorityFile));
  const pair = { certificate: certificate + former, key };
  return await writePair(folder, "ca", pair, "replace");
}

/**
 * Leaves only the issuing authority, so that what others issued is not believed any more.
 *
 * @throws {AetherError} FILE_UNREADABLE, CERTIFICATE_INVALID
 */
export async function dropAuthorities(folder: string): Promise<IssuedFile> {
  const authority = await readAuthority(folder);
  return await writePair(folder, "ca", authority, "replace");
}

/** The certificates of nodes and clients in a folder, by name. */
export async function listIssued(folder: string): Promise<IssuedFile[]> {
  const issued: IssuedFile[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.endsWith(".crt") || name === authorityFile) continue;
    const path = join(folder, name);
    const [first = ""] = splitPem(await readText(path));
    issued.push({ path, info: readCertificate(first) });
  }
  return issued.sort((a, b) => a.path < b.path ? -1 : 1);
}

async function readAuthority(folder: string): Promise<KeyPair> {
  const certificates = await readText(join(folder, authorityFile));
  return authorityOf(certificates, await readText(join(folder, authorityKeyFile)));
}

async function writePair(
  folder: string,
  name: string,
  { certificate, key }: KeyPair,
  how: "new" | "replace",
): Promise<IssuedFile> {
  const path = join(folder, `${name}.crt`);
  const keyPath = join(folder, `${name}.key`);
  if (how === "new") { for (const each of [path, keyPath]) await refuseExisting(each); }
  // In this order, so that the key of an authority always has its certificate.
  await writeWhole(path, certificate, 0o644);
  await writeWhole(keyPath, key, 0o600);
  const [first = ""] = splitPem(certificate);
  return { path, info: readCertificate(first) };
}

/** Others see the old file or the new one, never half of one. */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  await Deno.remove(draft).catch(() => {});
  await Deno.writeTextFile(draft, text, { mode, createNew: true });
  // The umask may have taken something away, and for keys nothing may be added.
  await Deno.chmod(draft, mode);
  await Deno.rename(draft, path);
}

async function refuseExisting(path: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new AetherError("FILE_EXISTS", `The file "${path}" exists already`);
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "it does not exist" : String(cause);
    const text = `The file "${path}" cannot be read: ${reason}`;
    throw new AetherError("FILE_UNREADABLE", text, { cause });
  }
}

function checkName(name: string, what: string): void {
  if (namePattern.test(name) && name !== "ca") return;
  const rule = 'write 1 to 63 letters a-z, digits and "-", not starting with "-", and not "ca"';
  throw new AetherError("USAGE", `${JSON.stringify(name)} is no name of a ${what}; ${rule}`);
}
