/**
 * The command `aether schedule show`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import type { ScheduleView } from "../../../src/protocol/api/deployment/schedules.ts";
import { defineCommand } from "../../command.ts";
import { scheduleName } from "../../schedule_name.ts";

/** One schedule, and why it does not fire if it does not. */
export const command = defineCommand({
  path: ["schedule", "show"],
  summary: "Show a schedule, and why it does not fire if it does not",
  arguments: { schedule: { summary: "The schedule, group:name/schedule" } },
  examples: [{ line: "aether schedule show org.example:keeper/cleanup", summary: "One schedule" }],
  async run({ args, context }) {
    const params = scheduleName(args.schedule);
    const body = await (await context.client()).call("scheduleGet", { params });
    await context.show(body, () => text(body));
  },
});

const states: Readonly<Record<ScheduleView["state"], string>> = {
  ACTIVE: "",
  PAUSED: "it is paused: `aether schedule resume`",
  OFF: "the blueprint has enabled = false for it",
  WAITING: "the cluster has no leader or no majority: `aether cluster status`",
};

function text({ contract, name, artifact, state, schedule, ...rest }: ScheduleView): string {
  const { every, cron = "", timeZone = "UTC" } = schedule;
  const { nextAtMs, running, last, totals } = rest;
  const lines = [
    ["Schedule", `${contract}/${name} of ${artifact}`],
    ["When", every === undefined ? `${cron} in ${timeZone}` : `every ${every}`],
    ["Manner", mannerText(schedule)],
    ["State", states[state] === "" ? state : `${state}: ${states[state]}`],
    ["Next", nextAtMs === null ? "-" : new Date(nextAtMs).toISOString()],
    [
      "Running",
      running === 0 || schedule.overlap ? `${running}` : `${running}, others wait for it`,
    ],
    ["Last", last === null ? "-" : lastText(last)],
    ...(last?.reason === undefined ? [] : [["Reason", last.reason]]),
    ["Totals", Object.entries(totals).map(([what, count]) => `${count} ${what}`).join(", ")],
  ];
  return lines.map(([label = "", value]) => `${label.padEnd(10)}${value}\n`).join("");
}

function mannerText({ mode, overlap, catchUp }: ScheduleView["schedule"]): string {
  return [
    mode === "single" ? "one instance" : "every instance",
    overlap ? "fires may overlap" : "one fire at a time",
    catchUp === "once" ? "one fire makes up for missed ones" : "missed ones are skipped",
  ].join(", ");
}

function lastText({ id, result, attempt, endedAtMs }: NonNullable<ScheduleView["last"]>): string {
  const attempts = attempt === 1 ? "" : ` in attempt ${attempt}`;
  return `${result}${attempts}, ${new Date(endedAtMs).toISOString()}, ${id}`;
}
