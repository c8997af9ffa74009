/**
 * What a node got when it joined with a token, in the folder `tls` of its data directory: used when
 * the configuration names nothing else.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../../base/errors.ts";
import { type Address, formatAddress } from "../../../base/transport/transport.ts";
import { writeWhole } from "../authority_folder.ts";
import type { TlsFiles } from "../credentials.ts";
import { requestCertificate } from "./join_client.ts";

/** What stands in the folder. */
export interface JoinedFolder {
  readonly tls: TlsFiles;
  /** Nodes of the cluster at that time, `id:host:port`. */
  readonly peers: readonly string[];
}

/** How to join. */
export interface JoinFolderOptions {
  readonly dataDir: string;
  readonly node: string;
  readonly address: Address;
  /** Not needed when the folder is there already. */
  readonly token: string | undefined;
  readonly nowMs: number;
}

/** The folder of a data directory; undefined when the node did not join with a token. */
export async function readJoined(dataDir: string): Promise<JoinedFolder | undefined> {
  const { tls, members } = pathsIn(dataDir);
  try {
    const peers = (await Deno.readTextFile(members)).split("\n").filter((line) => line !== "");
    return { tls, peers };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("FILE_UNREADABLE", `The file "${members}" cannot be read: ${reason}`);
  }
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
  const { tls, members } = pathsIn(dataDir);
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

function pathsIn(dataDir: string) {
  const at = (name: string) => join(dataDir, "tls", name);
  return {
    tls: { ca: at("ca.crt"), certificate: at("node.crt"), key: at("node.key") },
    members: at("members"),
  };
}
