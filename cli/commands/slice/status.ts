/**
 * The command `aether slice status`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { toneOfState } from "../../output/style.ts";

/** Every instance with its state and health. */
export const command = defineCommand({
  path: ["slice", "status"],
  summary: "Show every instance with its state, and whether it answers",
  description: "NOT_READY: the slice's own readiness check says no. SILENT: it does not answer " +
    "its watchdog. Such instances are called only when there is no other. Behind DOWNLOADING is " +
    "how much of the artifact has come to the node",
  options: { slice: { value: "NAME", summary: "Only slices whose coordinates start like this" } },
  examples: [
    { line: "aether slice status", summary: "All instances" },
    { line: "aether slice status --slice org.example:echo", summary: "Those of one slice" },
  ],
  async run({ options, context }) {
    const { instances } = await (await context.client()).call("slicesStatus");
    const shown = instances.filter(({ artifact }) => artifact.startsWith(options.slice ?? ""));
    await context.show({ instances: shown }, () =>
      context.table(
        ["INSTANCE", "NODE", "STATE", "HEALTH", "REASON"],
        shown.map(({ id, node, state, health, reason, download }) => [
          id,
          node,
          { text: state + percentOf(download), tone: toneOfState(state) },
          health ?? "",
          reason ?? "",
        ]),
      ));
  },
});

function percentOf(download: { bytes: number; sizeBytes: number } | undefined): string {
  if (download === undefined) return "";
  return ` ${Math.floor(100 * download.bytes / Math.max(1, download.sizeBytes))}%`;
}
