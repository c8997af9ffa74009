/**
 * The command `aether slice lint`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";

/** Checks the sources of a slice. */
export const command = defineCommand({
  path: ["slice", "lint"],
  summary: "Check a slice's sources by the rules for slices",
  description: "With the linter that aether brings, without network: contracts, promises that " +
    "nobody waits for, work at the top level, errors without a type, missing and unused " +
    "permissions, and what Deno recommends. docs/reference/lint.md has every rule with samples.",
  arguments: { folder: { summary: "Folder with slice.toml (default .)", optional: true } },
  options: {},
  examples: [{
    line: "aether slice lint slices/echo",
    summary: "File, line, rule and fix of each",
  }],
  exitCodes: { 1: "A rule is broken" },
  async run({ args, context }) {
    const { lintSlice } = await import("../../../src/artifact/tools/lint_run.ts");
    const { sliceTools } = await import("../../../src/forge/tools.ts");
    const { denoPath, sdkPath } = sliceTools();
    const folder = args.folder ?? ".";
    const found = await lintSlice(folder, { denoPath, sdkPath });
    const [first] = found;
    if (first !== undefined) {
      const count = found.length === 1 ? "1 finding" : `${found.length} findings`;
      throw new AetherError("LINT_FAILED", `The slice in "${folder}" has ${count}`, {
        issues: found.map(({ path, line, message }) => ({
          path,
          message,
          ...(line === undefined ? {} : { line }),
        })),
      });
    }
    await context.show({ folder, findings: [] }, () => `${folder}: no findings\n`);
  },
});
