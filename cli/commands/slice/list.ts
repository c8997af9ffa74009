/**
 * The command `aether slice list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** What is published. */
export const command = defineCommand({
  path: ["slice", "list"],
  summary: "List the published slices with their versions",
  examples: [{ line: "aether slice list", summary: "Everything in the repository" }],
  async run({ context }) {
    const body = await (await context.client()).call("artifactList");
    await context.show(body, () =>
      context.table(
        ["ARTIFACT", "BYTES", "SHA-256"],
        body.artifacts.map(({ artifact, bytes, sha256 }) => [artifact, bytes, sha256.slice(0, 16)]),
      ));
  },
});
