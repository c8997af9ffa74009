/**
 * The command `aether backup schedule`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import type { AetherClient } from "../../../src/client/client.ts";
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

const intervalKey = "backup.interval";
const keepKey = "backup.keep";

/** Shows or changes how often the cluster makes backups by itself. */
export const command = defineCommand({
  path: ["backup", "schedule"],
  summary: "Show or set how often the cluster makes backups by itself",
  description: "Sets backup.interval and backup.keep for the cluster, over the nodes' files; " +
    "`aether config remove backup.interval` lets the files count again",
  arguments: {
    interval: { summary: "Time between two backups, such as 1h; shown without it", optional: true },
  },
  options: {
    keep: { value: "N", summary: "Newest backups that are kept", parse: wholeNumber() },
  },
  examples: [
    { line: "aether backup schedule", summary: "What holds now" },
    { line: "aether backup schedule 1h --keep 48", summary: "One each hour, those of two days" },
  ],
  async run({ args, options, context }) {
    const client = await context.client();
    // Says how to get a target when there is none: without one the schedule would do nothing.
    const { location } = await client.call("backupList");
    const wanted: [string, string | number | undefined][] = [
      [intervalKey, args.interval],
      [keepKey, options.keep],
    ];
    for (const [key, value] of wanted) {
      if (value !== undefined) await client.call("overrideSet", { body: { key, value } });
    }
    const interval = await valueOf(client, intervalKey);
    const keep = await valueOf(client, keepKey);
    const body = { location, interval, keep };
    await context.show(
      body,
      () =>
        interval === null
          ? `The cluster makes no backups by itself: aether backup schedule 1h\n`
          : `A backup every ${interval} at ${location}; the newest ${keep} are kept\n`,
    );
  },
});

/** What the asked node uses now; null when the key is not set. */
async function valueOf(client: AetherClient, key: string): Promise<string | number | null> {
  const { keys } = await client.call("configList");
  const value = keys.find((each) => each.key === key)?.value ?? "";
  return value === "" ? null : JSON.parse(value) as string | number;
}
