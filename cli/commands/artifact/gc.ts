/**
 * The command `aether artifact gc`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatByteSize } from "../../../src/base/byte_size.ts";
import { defineCommand } from "../../command.ts";

/** Removes what no artifact needs. */
export const command = defineCommand({
  path: ["artifact", "gc"],
  summary: "Count chunks that no artifact needs; remove them with --apply",
  description: "Uploads that are under way meanwhile are refused and have to be sent again.",
  options: { apply: { summary: "Remove them" } },
  examples: [
    { line: "aether artifact gc", summary: "What would be removed" },
    { line: "aether artifact gc --apply", summary: "Remove it" },
  ],
  async run({ options, context }) {
    const dryRun = options.apply !== true;
    const body = await (await context.client()).call("artifactCollect", { body: { dryRun } });
    await context.show(body, () => {
      const size = formatByteSize(body.bytes);
      const done = dryRun ? "can be removed (dry run)" : "were removed";
      const silent = body.silent.length === 0
        ? ""
        : `Not looked at to the end, for lack of time or an answer: ${body.silent.join(", ")}\n`;
      return `${body.chunks} chunks with ${size} ${done}\n${silent}`;
    });
  },
});
