/**
 * The command `aether schedule list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import type { ScheduleView } from "../../../src/protocol/api/deployment/schedules.ts";
import { defineCommand } from "../../command.ts";

/** When schedules are due and what became of them. */
export const command = defineCommand({
  path: ["schedule", "list"],
  summary: "List schedules: when they are due and what became of them",
  options: { slice: { value: "SLICE", summary: "Only those of this slice, group:name" } },
  examples: [
    { line: "aether schedule list", summary: "All of the cluster" },
    { line: "aether schedule list --slice org.example:keeper", summary: "Those of one slice" },
  ],
  async run({ options, context }) {
    const client = await context.client();
    const { slice } = options;
    const body = slice === undefined
      ? await client.call("scheduleList")
      : await client.call("scheduleListOf", { params: { contract: slice } });
    await context.show(body, () => {
      const table = context.table(
        ["SCHEDULE", "WHEN", "MODE", "STATE", "NEXT", "LAST", "FIRED", "FAILED", "MISSED"],
        body.tasks.map((task) => [
          `${task.contract}/${task.name}`,
          whenText(task),
          task.schedule.mode,
          { text: task.state, tone: task.state === "ACTIVE" ? "good" as const : "bad" as const },
          timeText(task.nextAtMs),
          task.last === null ? "-" : task.last.result,
          task.totals.fired,
          task.totals.failed,
          task.totals.missed,
        ]),
      );
      return `${table}${body.activeTimers} active\n`;
    });
  },
});

/** For example `every 5m` or `0 3 * * * Europe/Berlin`. */
function whenText({ schedule: { every, cron = "", timeZone = "UTC" } }: ScheduleView): string {
  return every === undefined ? `${cron} ${timeZone}` : `every ${every}`;
}

function timeText(ms: number | null): string {
  return ms === null ? "-" : new Date(ms).toISOString();
}
