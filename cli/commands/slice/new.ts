/**
 * The command `aether slice new`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** A folder with a small working slice. */
export const command = defineCommand({
  path: ["slice", "new"],
  summary: "Make a folder with a small working slice",
  description: "Writes the code, its test, a blueprint and all that an editor needs.",
  arguments: {
    name: { summary: "Name of the slice, for example url-shortener" },
    folder: { summary: "Where to write it (default a folder with its name)", optional: true },
  },
  options: {
    group: { value: "GROUP", summary: "Group of the artifact (default org.example)" },
    template: {
      value: "NAME",
      choices: ["http", "worker", "cron", "topic"],
      summary: "What kind of slice (default http)",
    },
  },
  examples: [
    { line: "aether slice new hello", summary: "A slice in the folder hello" },
    { line: "aether slice new hello src/hello --group com.acme", summary: "Elsewhere" },
    { line: "aether slice new jobs --template worker", summary: "For other slices" },
  ],
  exitCodes: { 5: "The folder is not empty" },
  async run({ args, options, context }) {
    const { newSlice } = await import("../../../src/artifact/scaffold.ts");
    const { sliceTools } = await import("../../../src/forge/tools.ts");
    const folder = args.folder ?? args.name;
    const made = await newSlice(args.name, folder, {
      ...(options.group === undefined ? {} : { group: options.group }),
      ...(options.template === undefined ? {} : { template: options.template }),
      sdkPath: sliceTools().sdkPath,
    });
    await context.show(
      { ...made, folder },
      () =>
        `${made.artifact} is in ${folder}: ${made.files.join(", ")}\n` +
        `Run it while you change it: aether dev ${folder}\n`,
    );
  },
});
