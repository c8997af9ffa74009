/**
 * The command `aether events`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import type { ClusterEventView } from "../../src/protocol/api/cluster.ts";
import { defineCommand } from "../command.ts";
import { wholeNumber } from "../values.ts";

/** What happened to the cluster. */
export const command = defineCommand({
  path: ["events"],
  summary: "Show what happened to the cluster: nodes, voters, leader, quorum, schedules",
  description: "Each node keeps the last 1000 events as it saw them. With -o jsonl each event is " +
    "a line of JSON, and its revision is what --since goes on after.",
  options: {
    since: { value: "REVISION", summary: "Only events after this one", parse: wholeNumber() },
    limit: {
      value: "COUNT",
      summary: "Most events that are shown, the newest (100)",
      parse: wholeNumber(1_000, 1),
    },
    follow: { summary: "Go on with those that come, until Ctrl-C", short: "f" },
  },
  examples: [
    { line: "aether events", summary: "The last hundred" },
    { line: "aether events --follow", summary: "And those that come" },
  ],
  async run({ options, context }) {
    const client = await context.client();
    const { since = 0, limit = 100 } = options;
    const { events, newest } = await client.call("eventList", { query: { since, limit } });
    if (!options.follow) {
      if (context.options.output !== "jsonl") {
        return await context.show({ events, newest }, () => events.map(lineOf).join(""));
      }
      for (const event of events) await context.io.out(JSON.stringify(event) + "\n");
      return;
    }
    const tell = (event: ClusterEventView) =>
      context.io.out(context.isJson ? JSON.stringify(event) + "\n" : lineOf(event));
    for (const event of events) await tell(event);
    const { followEvents } = await import("../../src/client/events.ts");
    const signal = context.interrupted();
    const following = followEvents(client, {
      since: newest,
      signal,
      onBroken: (error) => void context.io.err(`${error.message}; connecting again\n`),
    });
    for await (const event of following) await tell(event);
  },
});

function lineOf({ atMs, type, detail }: ClusterEventView): string {
  return `${new Date(atMs).toISOString()}  ${type.padEnd(18)}  ${detail}\n`;
}
