/**
 * The command `aether artifact verify`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";

/** Checks every copy of every chunk of a version. */
export const command = defineCommand({
  path: ["artifact", "verify"],
  summary: "Check every copy of a version on every node that should hold it",
  description: "Copies that are damaged are fetched again from other nodes.",
  arguments: { artifact: { summary: "group:name:version" } },
  examples: [{ line: "aether artifact verify org.example:shop:1.0.0", summary: "One version" }],
  exitCodes: { 1: "A part of it is on no node that answered" },
  async run({ args: { artifact }, context }) {
    const body = await (await context.client()).call("artifactVerify", { params: { artifact } });
    await context.show(body, () =>
      context.table(
        ["PATH", "CHUNKS", "COPIES", "FEWER", "DAMAGED", "MISSING"],
        body.files.map((file) => [
          file.path,
          file.chunks,
          `${file.copies}/${file.owners}`,
          file.underReplicated,
          file.damaged,
          file.missing,
        ]),
      ));
    const missing = body.files.reduce((sum, file) => sum + file.missing, 0);
    if (missing === 0) return 0;
    throw new AetherError("STORAGE_CORRUPT", `${missing} chunks are on no node that answered`, {
      hint: "Start the nodes that are down, or publish the version again",
    });
  },
});
