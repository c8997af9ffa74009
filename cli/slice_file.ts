/**
 * What the slice commands share: `.slice` files and how one is published.
 *
 * @module
 */
import type { AetherClient } from "../src/client/client.ts";
import { limits } from "../src/protocol/limits.ts";
import type { Context } from "./context.ts";
import { readInput } from "./io.ts";

/** Uploads of the largest artifact over a slow link. */
const uploadTimeoutMs = 120_000;

/** The bytes of a `.slice` file. */
export function readSliceFile(context: Context, path: string): Promise<Uint8Array> {
  return readInput(context.io, path, limits.artifactBytes);
}

/** Whether a path is a folder; false when there is nothing. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    // Whoever reads the file says what is wrong with it.
    return false;
  }
}

/** Publishes a `.slice` file under its coordinates. */
export async function publish(
  context: Context,
  client: AetherClient,
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
) {
  return await client.call("repositoryPut", {
    params: { path },
    body: { bytes, contentType: "application/octet-stream" },
  }, { timeoutMs: context.options.timeout ?? uploadTimeoutMs });
}

/** Prints what a build has to say besides its result. */
export async function printRemarks(
  context: Context,
  { warnings, notices }: {
    readonly warnings: readonly string[];
    readonly notices: readonly string[];
  },
): Promise<void> {
  for (const text of warnings) await context.io.err(`warning: ${text}\n`);
  for (const text of notices) await context.io.err(`notice: ${text}\n`);
}
