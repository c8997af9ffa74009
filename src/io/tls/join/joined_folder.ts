/**
 * What a node got when it joined with a token, in the folder `tls` of its data directory: used when
 * the configuration names nothing else. `join_into.ts` writes it.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../../base/errors.ts";
import type { TlsFiles } from "../credentials.ts";

/** What stands in the folder. */
export interface JoinedFolder {
  readonly tls: TlsFiles;
  /** Nodes of the cluster at that time, `id:host:port`. */
  readonly peers: readonly string[];
}

/** The folder of a data directory; undefined when the node did not join with a token. */
export async function readJoined(dataDir: string): Promise<JoinedFolder | undefined> {
  const { tls, members } = joinedPaths(dataDir);
  try {
    const peers = (await Deno.readTextFile(members)).split("\n").filter((line) => line !== "");
    return { tls, peers };
  } catch (error) {
    // A data directory that is a file is refused when it is opened, in better words.
    const { NotFound, NotADirectory } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("FILE_UNREADABLE", `The file "${members}" cannot be read: ${reason}`);
  }
}

/** Where it stands. */
export function joinedPaths(dataDir: string) {
  const at = (name: string) => join(dataDir, "tls", name);
  return {
    tls: { ca: at("ca.crt"), certificate: at("node.crt"), key: at("node.key") },
    members: at("members"),
  };
}
