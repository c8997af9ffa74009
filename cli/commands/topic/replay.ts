/**
 * The command `aether topic replay`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

/** Lets a subscription go on from another place. */
export const command = defineCommand({
  path: ["topic", "replay"],
  summary: "Let a subscription go on from another place of the topic, earlier or later",
  arguments: {
    topic: { summary: "Name of the topic" },
    slice: { summary: "The slice that subscribes, group:name" },
    subscription: { summary: "Name of the subscription" },
  },
  options: {
    from: {
      value: "PLACE",
      summary: "oldest, newest, an offset, or a time such as 2026-01-31T12:00:00Z (default oldest)",
      parse: placeOf,
    },
    partition: { value: "N", summary: "Only this partition", parse: wholeNumber() },
  },
  examples: [
    {
      line: "aether topic replay clicks org.example:counter onClick",
      summary: "Hand out everything that is kept again",
    },
    {
      line: "aether topic replay clicks org.example:counter onClick --from newest",
      summary: "Skip what is not handled yet",
    },
  ],
  async run({ args, options, context }) {
    const { from = { kind: "oldest" as const }, partition } = options;
    const body = await (await context.client()).call("topicReplay", {
      params: { topic: args.topic },
      body: {
        contract: args.slice,
        subscription: args.subscription,
        from,
        ...(partition === undefined ? {} : { partition }),
      },
    });
    await context.show(body, () => `It goes on there in ${body.partitions} partitions\n`);
  },
});

function placeOf(text: string) {
  if (text === "oldest" || text === "newest") return { kind: text } as const;
  if (/^\d+$/.test(text)) return { kind: "offset", offset: Number(text) } as const;
  const timeMs = Date.parse(text);
  if (!Number.isNaN(timeMs)) return { kind: "time", timeMs } as const;
  throw new AetherError("USAGE", `"${text}" is no place of a topic`, {
    hint: "Write oldest, newest, an offset, or a time such as 2026-01-31T12:00:00Z",
  });
}
