/**
 * The command `aether slice build`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { join } from "node:path";
import { defineCommand } from "../../command.ts";
import { printRemarks } from "../../slice_file.ts";

/** A folder as a `.slice` file. */
export const command = defineCommand({
  path: ["slice", "build"],
  summary: "Build a slice's folder into a .slice file",
  description: "Bundles the code into one module, checks types, and writes the manifest. Needs " +
    "no network.",
  arguments: { folder: { summary: "Folder with slice.toml (default .)", optional: true } },
  options: {
    out: { value: "FOLDER", summary: "Where to write the file (default .)" },
    as: { value: "VERSION", summary: "Version instead of the one in slice.toml" },
    skipCheck: { summary: "Do not check types" },
  },
  examples: [
    { line: "aether slice build slices/echo --out dist", summary: "dist/echo-1.0.0.slice" },
  ],
  async run({ args, options, context }) {
    const { buildSlice } = await import("../../../src/artifact/build.ts");
    const { sliceTools } = await import("../../../src/forge/tools.ts");
    const built = await buildSlice(args.folder ?? ".", {
      ...sliceTools(),
      version: options.as,
      check: !options.skipCheck,
    });
    await printRemarks(context, built);
    const out = options.out ?? ".";
    const file = join(out, built.fileName);
    await Deno.mkdir(out, { recursive: true });
    await Deno.writeFile(file, built.bytes);
    const { artifact } = built.manifest;
    const bytes = built.bytes.length;
    await context.show({ artifact, file, bytes }, () => `${artifact}: ${file}, ${bytes} bytes\n`);
  },
});
