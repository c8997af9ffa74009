/**
 * The command `aether controller decisions`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** What was scaled by itself and why. */
export const command = defineCommand({
  path: ["controller", "decisions"],
  summary: "List what was scaled by itself, and from what that was drawn",
  description: "The controller is off unless scaling.enabled is set; `aether config set` changes " +
    "its limits while it runs.",
  examples: [{ line: "aether controller decisions", summary: "Newest first" }],
  async run({ context }) {
    const body = await (await context.client()).call("controllerDecisions");
    await context.show(body, () => {
      const state = body.enabled ? (body.dryRun ? "on, dry run" : "on") : "off";
      const table = context.table(
        ["TIME", "SLICE", "INSTANCES", "RESULT", "REASON"],
        body.decisions.map(({ atMs, artifactBase, from, to, result, reason }) => [
          new Date(atMs).toISOString(),
          artifactBase,
          `${from} -> ${to}`,
          result,
          reason,
        ]),
      );
      return `${table}The controller is ${state}\n`;
    });
  },
});
