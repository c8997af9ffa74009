/**
 * The command `aether config validate`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Checks a file without starting anything. */
export const command = defineCommand({
  path: ["config", "validate"],
  summary: "Check a configuration file and report every problem in it",
  description: "The environment counts as it would at a start. The digest is equal for " +
    "configurations that mean the same.",
  arguments: { file: { summary: "Path of an aether.toml" } },
  examples: [{ line: "aether config validate aether.toml", summary: "Before a restart" }],
  exitCodes: { 1: "The file is not valid" },
  async run({ args, context }) {
    const { validateConfigFile } = await import("../../../src/io/config/load.ts");
    const result = await validateConfigFile(args.file, context.env);
    if (result.error !== undefined) throw result.error;
    for (const { path, message, line } of result.warnings) {
      const place = line === undefined ? path : `${path} (line ${line})`;
      await context.io.err(`warning: ${place}: ${message}\n`);
    }
    const { ok, digest, warnings } = result;
    await context.show({ ok, digest, warnings }, () => `${args.file} is valid, digest ${digest}\n`);
  },
});
