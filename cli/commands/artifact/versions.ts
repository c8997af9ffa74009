/**
 * The command `aether artifact versions`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** The versions of an artifact. */
export const command = defineCommand({
  path: ["artifact", "versions"],
  summary: "List the versions of an artifact, in the order in which they came",
  arguments: { artifact: { summary: "group:name" } },
  examples: [{ line: "aether artifact versions org.example:shop", summary: "All of one" }],
  async run({ args: { artifact }, context }) {
    const body = await (await context.client()).call("artifactVersions", { params: { artifact } });
    await context.show(body, () =>
      context.table(
        ["VERSION", "TIME"],
        body.versions.map((
          { version, storedAtMs },
        ) => [version, new Date(storedAtMs).toISOString()]),
      ));
  },
});
