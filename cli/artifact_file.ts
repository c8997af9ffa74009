/**
 * Uploads a file to the repository, for the commands that do.
 *
 * @module
 */
import { AetherError } from "../src/base/errors.ts";
import type { Context } from "./context.ts";

/** Uploads a file under a path and says what became of it. */
export async function uploadFile(context: Context, path: string, file: string): Promise<void> {
  const bytes = await read(file);
  const client = await context.client();
  const body = { bytes, contentType: "application/octet-stream" };
  const answer = await client.call("repositoryPut", { params: { path }, body });
  const done = answer.status === "created" ? "is stored" : "was stored before";
  const few = answer.underReplicated === undefined
    ? ""
    : `; ${answer.underReplicated} chunks have fewer copies than they should`;
  await context.show({ path, ...answer }, () => `${path} ${done}${few}\n`);
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(file);
  } catch (cause) {
    throw new AetherError("FILE_UNREADABLE", `"${file}" cannot be read`, { cause });
  }
}
