/**
 * Joins with a token, once: gets a certificate and keeps it in the data directory.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../../base/errors.ts";
import { type Address, formatAddress } from "../../../base/transport/transport.ts";
import { writeWhole } from "../authority_folder.ts";
import { requestCertificate } from "./join_client.ts";
import { joinedPaths, readJoined } from "./joined_folder.ts";

/** How to join. */
export interface JoinFolderOptions {
  readonly dataDir: string;
  readonly node: string;
  readonly address: Address;
  /** Not needed when the folder is there already. */
  readonly token: string | undefined;
  readonly nowMs: number;
}

/**
 * Gets a certificate with a token and keeps it; false when the node has one already.
 *
 * @throws {AetherError} USAGE, JOIN_REFUSED, PEER_REFUSED, ISSUER_MISSING, UNREACHABLE, TIMEOUT
 */
export async function joinInto(options: JoinFolderOptions): Promise<boolean> {
  const { dataDir, node, address, token, nowMs } = options;
  if (await readJoined(dataDir) !== undefined) return false;
  if (token === undefined) {
    const text = `Joining at ${formatAddress(address)} needs a token`;
    const hint = "Make one with `aether cluster token create`, and give it in AETHER_JOIN_TOKEN";
    throw new AetherError("USAGE", text, { hint });
  }
  const { tls, members } = joinedPaths(dataDir);
  // Before the token is used: what cannot be kept must not be asked for.
  await Deno.mkdir(join(dataDir, "tls"), { recursive: true, mode: 0o700 });
  const joined = await requestCertificate({ address, token, node, nowMs });
  await writeWhole(tls.key, joined.key, 0o600);
  await writeWhole(tls.certificate, joined.certificate, 0o644);
  await writeWhole(tls.ca, joined.authorities.map((pem) => `${pem}\n`).join(""), 0o644);
  const lines = joined.members.map(({ id, address }) => `${id}:${address}\n`);
  // Last: it says that all the others are there.
  await writeWhole(members, lines.join(""), 0o644);
  return true;
}
