import { systemClock } from "../clock.ts";
import { createLogger } from "../../sdk/logger.ts";
import { createAuthority, issueCertificate, type KeyPair } from "./certificates.ts";
import type { Credentials } from "./credentials.ts";
import { type Identity, readCertificate } from "./identity.ts";
import { Refusals } from "./refusals.ts";
import type { CredentialsSource } from "./tls_transport.ts";

/** A day in milliseconds. */
export const dayMs = 24 * 3_600_000;

/** A new authority for a cluster. */
export function newAuthority(cluster = "test"): Promise<KeyPair> {
  return createAuthority({ cluster, nowMs: Date.now() - 10 * dayMs, validMs: 100 * dayMs });
}

/** When a certificate holds, from now. */
interface Times {
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Credentials of a node, valid from a moment to another. */
export async function newCredentials(
  authority: KeyPair,
  id: string,
  { fromMs = 0, untilMs = dayMs }: Times = {},
  name: Partial<Identity> = {},
): Promise<Credentials> {
  const identity: Identity = { cluster: "test", role: "node", id, ...name };
  const nowMs = Date.now() + fromMs;
  const issued = await issueCertificate({
    authority,
    identity,
    nowMs,
    validMs: untilMs - fromMs,
  });
  const info = readCertificate(issued.certificate);
  return { authorities: [authority.certificate], ...issued, identity, info };
}

/** Credentials that a test replaces. */
export class Replaceable implements CredentialsSource {
  #current: Credentials;
  readonly #listeners: (() => void)[] = [];

  constructor(current: Credentials) {
    this.#current = current;
  }

  get current(): Credentials {
    return this.#current;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {}

  replace(next: Credentials): void {
    this.#current = next;
    for (const listener of this.#listeners) listener();
  }
}

/** Nodes of one authority. */
export async function certifiedNodes(...ids: readonly string[]) {
  const authority = await newAuthority();
  const made = new Map<string, Credentials>();
  for (const id of ids) made.set(id, await newCredentials(authority, id));
  const credentials = (id: string) => {
    const found = made.get(id);
    if (found === undefined) throw new Error(`There is no node ${id}`);
    return new Replaceable(found);
  };
  return { authority, credentials };
}

/** What a transport needs beside credentials, and the warnings that it logged. */
export function tlsParts() {
  const warnings: string[] = [];
  const log = createLogger((level, message, fields) => {
    if (level === "warn") warnings.push(`${message} ${JSON.stringify(fields)}`);
  });
  const clock = systemClock();
  return { clock, refusals: new Refusals(log, clock), warnings };
}
