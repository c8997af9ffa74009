/**
 * The command `aether slice client`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { parseCoordinates, repositoryPath } from "../../../src/protocol/coordinates.ts";
import { defineCommand } from "../../command.ts";
import type { Context } from "../../context.ts";
import { isFolder, readSliceFile } from "../../slice_file.ts";

/** A typed client of a slice for callers outside the cluster. */
export const command = defineCommand({
  path: ["slice", "client"],
  summary: "Write a typed client of a slice for programs outside the cluster",
  description: "One TypeScript file with plain fetch and no dependency, for browsers, Deno, Node " +
    "and Bun: typed inputs, outputs and errors. Methods without a route are left out.",
  arguments: {
    slice: {
      summary: "A .slice file, a folder with slice.toml, or a published group:name:version",
    },
  },
  options: { out: { value: "FILE", summary: "Where to write it (default standard output)" } },
  examples: [
    { line: "aether slice client echo-1.0.0.slice --out echo_client.ts", summary: "From a file" },
    {
      line: "aether slice client org.example:echo:1.0.0 --out echo_client.ts",
      summary: "Of what is published",
    },
  ],
  async run({ args, options, context }) {
    const { openSlice } = await import("../../../src/artifact/package.ts");
    const { generateClient } = await import("../../../src/artifact/client/generate.ts");
    const { manifest } = openSlice(await sliceBytes(context, args.slice));
    const { text, className, notices } = generateClient(manifest);
    for (const notice of notices) await context.io.err(`notice: ${notice}\n`);
    if (options.out === undefined) {
      await context.io.out(text);
      return;
    }
    await Deno.writeTextFile(options.out, text);
    const { artifact } = manifest;
    await context.show(
      { artifact, file: options.out, className },
      () => `${artifact}: ${className} is in ${options.out}\n`,
    );
  },
});

async function sliceBytes(context: Context, slice: string): Promise<Uint8Array> {
  if (slice.endsWith(".slice")) return await readSliceFile(context, slice);
  if (await isFolder(slice)) {
    const { buildSlice } = await import("../../../src/artifact/build.ts");
    const { sliceTools } = await import("../../../src/forge/tools.ts");
    return (await buildSlice(slice, { ...sliceTools(), check: false })).bytes;
  }
  const path = repositoryPath(parseCoordinates(slice));
  const client = await context.client();
  const { bytes } = await client.call("repositoryGet", { params: { path } });
  return bytes;
}
