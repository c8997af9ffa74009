/**
 * The command `aether artifact info`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatByteSize } from "../../../src/base/byte_size.ts";
import { defineCommand } from "../../command.ts";

/** The files of a version. */
export const command = defineCommand({
  path: ["artifact", "info"],
  summary: "Show the files of a version, without their contents",
  arguments: { artifact: { summary: "group:name:version" } },
  examples: [{ line: "aether artifact info org.example:shop:1.0.0", summary: "One version" }],
  async run({ args: { artifact }, context }) {
    const body = await (await context.client()).call("artifactInfo", { params: { artifact } });
    await context.show(body, () =>
      context.table(
        ["PATH", "SIZE", "SHA-256", "TIME"],
        body.files.map(({ path, sizeBytes, sha256, storedAtMs }) => [
          path,
          formatByteSize(sizeBytes),
          sha256,
          new Date(storedAtMs).toISOString(),
        ]),
      ));
  },
});
