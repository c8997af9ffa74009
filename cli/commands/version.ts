/**
 * The command `aether version`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { buildInfo } from "../../src/io/entry.ts";
import { defineCommand } from "../command.ts";

/** Version and form of this program. */
export const command = defineCommand({
  path: ["version"],
  summary: "Print the version of this program and its form",
  description: "The form is `source` under `deno run`, `bundle` for the self-extracting " +
    "executable and `compiled` for one made by `deno compile`.",
  examples: [{ line: "aether version -o json", summary: "For programs" }],
  async run({ context }) {
    const info = buildInfo();
    await context.show(
      info,
      () =>
        `aether ${info.version} (${info.commit}, ${info.form}, deno ${info.deno}, ` +
        `${Deno.build.os} ${Deno.build.arch})\n`,
    );
  },
});
