/**
 * What a node shows to others and whom it believes: its certificate, its key and the authorities.
 *
 * The files are looked at again every few seconds, so that certificates are rotated by replacing
 * files: links that are open stay, new ones use what was read last. A set of files that does not
 * fit together, as in the middle of a replacement, is not taken.
 *
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Logger } from "../../sdk/logger.ts";
import {
  type CertificateInfo,
  type Identity,
  iso,
  readCertificate,
  splitPem,
  timeProblem,
} from "./identity.ts";

const pollMs = 1_000;
const fileBytesMax = 1024 * 1024;
const authoritiesMax = 32;
/** When this part of a certificate's time is left, the log says so. */
const renewShare = 0.2;

/** Paths of files in PEM form. */
export interface TlsFiles {
  /** Certificates of authorities: two during a roll-over. */
  readonly ca: string;
  /** This node's certificate, followed by those between it and an authority, if any. */
  readonly certificate: string;
  readonly key: string;
}

/** The contents of the files, which fit together. */
export interface Credentials {
  readonly authorities: readonly string[];
  readonly certificate: string;
  readonly key: string;
  readonly identity: Identity;
  readonly info: CertificateInfo;
}

/**
 * Reads the files and checks that they belong together; not whether the certificate holds now.
 *
 * @throws {AetherError} FILE_UNREADABLE, CERTIFICATE_INVALID
 */
export async function readCredentials(files: TlsFiles): Promise<Credentials> {
  const [ca, certificate, key] = await Promise.all(
    [files.ca, files.certificate, files.key].map(readText),
  ) as [string, string, string];
  const authorities = splitPem(ca);
  if (authorities.length === 0 || authorities.length > authoritiesMax) {
    const rule = `it must hold 1 to ${authoritiesMax} certificates`;
    throw invalid(files.ca, `holds ${authorities.length} certificates of authorities; ${rule}`);
  }
  if (authorities.some((authority) => !readCertificate(authority).isAuthority)) {
    throw invalid(files.ca, "holds a certificate that is none of an authority");
  }
  const chain = splitPem(certificate);
  const [own] = chain;
  if (own === undefined) throw invalid(files.certificate, "holds no certificate in PEM form");
  const info = readCertificate(own);
  const { identity } = info;
  if (identity?.role !== "node") {
    throw invalid(files.certificate, "is not the certificate of a node");
  }
  if (!new X509Certificate(own).checkPrivateKey(readKey(files.key, key))) {
    throw invalid(files.key, `is not the key of the certificate "${files.certificate}"`);
  }
  if (!isIssuedBy(chain, authorities)) {
    throw invalid(files.certificate, `was issued by none of the authorities in "${files.ca}"`);
  }
  return { authorities, certificate, key, identity, info };
}

/** Credentials that follow their files. */
export class WatchedCredentials {
  readonly #files: TlsFiles;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listeners = new Set<() => void>();
  #current: Credentials;
  #seen: string;
  #warnedOf = "";
  #timer: Timer | undefined;
  #isClosed = false;

  private constructor(options: WatchOptions, current: Credentials, seen: string) {
    this.#files = options.files;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#current = current;
    this.#seen = seen;
    this.#warnOfTime();
    this.#schedule();
  }

  /**
   * Reads the files, and follows them until it is closed.
   *
   * @throws {AetherError} FILE_UNREADABLE, CERTIFICATE_INVALID
   */
  static async open(options: WatchOptions): Promise<WatchedCredentials> {
    const { files, node } = options;
    const seen = await stampOf(files);
    const current = await readCredentials(files);
    if (current.identity.id !== node) {
      const text = `is the certificate of node "${current.identity.id}", but this is "${node}"`;
      throw invalid(files.certificate, text);
    }
    return new WatchedCredentials(options, current, seen);
  }

  /** What new links use. */
  get current(): Credentials {
    return this.#current;
  }

  /** Calls back after each replacement. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Looks at the files now. */
  async refresh(): Promise<void> {
    try {
      const stamp = await stampOf(this.#files);
      if (stamp === this.#seen) return;
      const next = await readCredentials(this.#files);
      const { cluster, id } = this.#current.identity;
      if (next.identity.id !== id || next.identity.cluster !== cluster) {
        const text = `is for node "${next.identity.id}" of "${next.identity.cluster}" now`;
        throw invalid(this.#files.certificate, text);
      }
      this.#seen = stamp;
      this.#current = next;
    } catch (error) {
      const { message } = toAetherError(error);
      if (message !== this.#warnedOf) {
        const problem = { problem: message };
        this.#log.warn("The certificates on disk are not taken; the former ones stay", problem);
      }
      this.#warnedOf = message;
      return;
    }
    this.#log.info("Certificates were reloaded", {
      until: iso(this.#current.info.notAfterMs),
      authorities: this.#current.authorities.length,
    });
    for (const listener of this.#listeners) listener();
  }

  /** Follows the files no more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.setTimer(pollMs, async () => {
      await this.refresh();
      this.#warnOfTime();
      this.#schedule();
    });
  }

  /** Once per certificate and state. */
  #warnOfTime(): void {
    const { info } = this.#current;
    const nowMs = this.#clock.wallMs();
    const problem = timeProblem(info, nowMs);
    const leftMs = info.notAfterMs - nowMs;
    const isLate = leftMs < renewShare * (info.notAfterMs - info.notBeforeMs);
    const state = problem !== undefined ? "invalid" : isLate ? "late" : "";
    if (state === "" || this.#warnedOf === `${state} ${info.sha256}`) return;
    this.#warnedOf = `${state} ${info.sha256}`;
    const hint = "`aether tls rotate`";
    if (problem === undefined) {
      this.#log.warn("This node's certificate ends soon", { until: iso(info.notAfterMs), hint });
    } else {
      this.#log.error("This node's certificate does not hold: others refuse it", { problem, hint });
    }
  }
}

/** What {@link WatchedCredentials} needs. */
export interface WatchOptions {
  readonly files: TlsFiles;
  /** Id of this node, which its certificate must have. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What changes when a file is replaced. */
async function stampOf(files: TlsFiles): Promise<string> {
  const stamps = await Promise.all([files.ca, files.certificate, files.key].map(async (path) => {
    try {
      const { mtime, size, ino } = await Deno.stat(path);
      return `${mtime?.getTime()} ${size} ${ino}`;
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }));
  return stamps.join("|");
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size <= fileBytesMax) return await Deno.readTextFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw invalid(path, `has more than ${fileBytesMax} bytes`);
}

function readKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    // What it says could quote the key.
    throw invalid(path, "holds no private key in PEM form");
  }
}

/** Whether each certificate was signed by the next, and the last one by an authority. */
function isIssuedBy(chain: readonly string[], authorities: readonly string[]): boolean {
  const trusted = authorities.map((authority) => new X509Certificate(authority));
  for (const [index, text] of chain.entries()) {
    const certificate = new X509Certificate(text);
    const isSignedBy = (issuer: X509Certificate) =>
      certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
    if (trusted.some(isSignedBy)) return true;
    const next = chain[index + 1];
    if (next === undefined || !isSignedBy(new X509Certificate(next))) return false;
  }
  return false;
}

function invalid(path: string, problem: string): AetherError {
  return new AetherError("CERTIFICATE_INVALID", `The file "${path}" ${problem}`);
}

function unreadable(path: string, cause: unknown): AetherError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AetherError("FILE_UNREADABLE", `The file "${path}" cannot be read: ${reason}`, {
    cause,
  });
}
