/**
 * The command `aether artifact list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatByteSize } from "../../../src/base/byte_size.ts";
import { defineCommand } from "../../command.ts";

/** The files of the repository. */
export const command = defineCommand({
  path: ["artifact", "list"],
  summary: "List the files of the repository",
  arguments: { prefix: { summary: "Only paths that start with it", optional: true } },
  examples: [{ line: "aether artifact list org/example/", summary: "Those of a group" }],
  async run({ args, context }) {
    const query = { prefix: args.prefix, limit: 1000 };
    const body = await (await context.client()).call("artifactFiles", { query });
    await context.show(body, () =>
      context.table(
        ["PATH", "SIZE", "SHA-256"],
        body.files.map(({ path, sizeBytes, sha256 }) => [path, formatByteSize(sizeBytes), sha256]),
      ) + (body.more ? "There are more: give a longer prefix\n" : ""));
  },
});
