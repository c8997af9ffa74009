/**
 * The command `aether slice test`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Runs the tests of a slice's folder. */
export const command = defineCommand({
  path: ["slice", "test"],
  summary: "Run the tests of a slice's folder",
  description: "With the runtime that aether brings, the permissions of slice.toml and without " +
    "network. Tests use testSlice() and testCluster(), see docs/guide/testing.md.",
  arguments: { folder: { summary: "Folder with slice.toml (default .)", optional: true } },
  options: { filter: { value: "TEXT", summary: "Only tests whose name contains this" } },
  examples: [
    { line: "aether slice test slices/echo", summary: "All of them" },
    { line: 'aether slice test --filter "greet()"', summary: "Those of one method" },
  ],
  exitCodes: { 1: "A test failed" },
  async run({ args, options, context }) {
    const { runSliceTests } = await import("../../../src/artifact/tools/test_run.ts");
    const { sliceTools } = await import("../../../src/forge/tools.ts");
    const { denoPath, sdkPath } = sliceTools();
    const folder = args.folder ?? ".";
    const passed = await runSliceTests(folder, {
      denoPath,
      sdkPath,
      filter: options.filter,
      color: context.options.color && context.io.outIsTerminal,
      signal: context.interrupted(),
      print: (piece) =>
        context.isJson ? context.io.err(new TextDecoder().decode(piece)) : context.io.out(piece),
    });
    await context.show({ folder, passed }, () => "");
    return passed ? 0 : 1;
  },
});
