/**
 * The command `aether slice publish`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import type { Context } from "../../context.ts";
import { isFolder, printRemarks, publish, readSliceFile } from "../../slice_file.ts";

/** Puts a slice into the cluster's repository; a folder is built first. */
export const command = defineCommand({
  path: ["slice", "publish"],
  summary: "Publish a .slice file, or build a folder and publish it",
  description: "A published version never changes: the same bytes again are fine, other bytes " +
    "under the same version are refused.",
  arguments: {
    path: { summary: "A .slice file or a folder with slice.toml (default .)", optional: true },
  },
  options: { skipCheck: { summary: "Do not check types before building a folder" } },
  examples: [
    { line: "aether slice publish hello", summary: "Build and publish a folder" },
    { line: "aether slice publish dist/echo-1.0.0.slice", summary: "Publish a file" },
  ],
  exitCodes: { 5: "The version is published with other bytes" },
  async run({ args, options, context }) {
    const path = args.path ?? ".";
    const { openSlice } = await import("../../../src/artifact/package.ts");
    const { parseCoordinates, repositoryPath } = await import(
      "../../../src/protocol/coordinates.ts"
    );
    const bytes = await isFolder(path)
      ? await build(context, path, !options.skipCheck)
      : await readSliceFile(context, path);
    const { manifest, warnings } = openSlice(bytes);
    await printRemarks(context, { warnings, notices: [] });
    const { artifact } = manifest;
    const client = await context.client();
    const answer = await publish(context, client, {
      path: repositoryPath(parseCoordinates(artifact)),
      bytes,
    });
    const done = answer.status === "created" ? "is published" : "was published before";
    await context.show({ artifact, ...answer }, () => `${artifact} ${done}\n`);
  },
});

async function build(context: Context, folder: string, check: boolean): Promise<Uint8Array> {
  const { buildSlice } = await import("../../../src/artifact/build.ts");
  const { sliceTools } = await import("../../../src/forge/tools.ts");
  const built = await buildSlice(folder, { ...sliceTools(), check });
  await printRemarks(context, built);
  return built.bytes;
}
