/**
 * The command `aether artifact delete`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Deletes a version. */
export const command = defineCommand({
  path: ["artifact", "delete"],
  summary: "Delete a version with all its files, unless it runs or should run",
  description: "Its space is free after `aether artifact gc --apply`.",
  arguments: { artifact: { summary: "group:name:version" } },
  examples: [{ line: "aether artifact delete org.example:shop:1.0.0", summary: "One version" }],
  exitCodes: { 5: "It is in use" },
  async run({ args: { artifact }, context }) {
    await (await context.client()).call("artifactDelete", { params: { artifact } });
    await context.show({ artifact, deleted: true }, () => `${artifact} is deleted\n`);
  },
});
