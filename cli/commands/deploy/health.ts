/**
 * The command `aether deploy health`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatDuration } from "../../../src/base/duration.ts";
import { defineCommand } from "../../command.ts";
import { rolloutId } from "../../rollout_command.ts";

/** Calls of both versions. */
export const command = defineCommand({
  path: ["deploy", "health"],
  summary: "Show the calls of both versions since the current step began",
  arguments: { id: rolloutId },
  examples: [{ line: "aether deploy health org.example:echo", summary: "Errors and latency" }],
  async run({ args, context }) {
    const body = await (await context.client()).call("deployHealth", { params: { id: args.id } });
    await context.show(body, () => {
      const rows = (["new", "old"] as const).map((name) => {
        const { requests, errors, p99Ms } = body[name];
        return [name, requests, errors, `${p99Ms} ms`];
      });
      const elapsed = formatDuration(Math.round(body.elapsedMs / 1_000) * 1_000);
      return context.table(["VERSION", "CALLS", "FAILED", "P99"], rows) +
        `${body.verdict} after ${elapsed}: ${body.reason}\n`;
    });
  },
});
