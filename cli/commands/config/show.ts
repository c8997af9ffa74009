/**
 * The command `aether config show`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** The configuration that a node started here would have. */
export const command = defineCommand({
  path: ["config", "show"],
  summary: "Show every key of the configuration with its value and where that comes from",
  description:
    "What `aether node start` would use with this file and environment; `aether config " +
    "list` asks a running node, with its overrides. Secrets are replaced by ***.",
  options: { config: { value: "FILE", summary: "Path of an aether.toml (or AETHER_CONFIG)" } },
  examples: [{ line: "aether config show --config aether.toml", summary: "Values and sources" }],
  async run({ options, context }) {
    const { loadConfig } = await import("../../../src/io/config/load.ts");
    const { describeConfig } = await import("../../../src/protocol/config/describe.ts");
    const loaded = await loadConfig({
      ...(options.config === undefined ? {} : { file: options.config }),
      env: context.env,
      flags: {},
    });
    const rows = describeConfig(loaded);
    await context.show(rows, () =>
      context.table(
        ["KEY", "VALUE", "SOURCE"],
        rows.map(({ path, value, source }) => [path, value, source]),
      ));
  },
});
