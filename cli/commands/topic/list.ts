/**
 * The command `aether topic list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Which topics there are. */
export const command = defineCommand({
  path: ["topic", "list"],
  summary: "List the topics, how safe their messages are, and who subscribes",
  examples: [{ line: "aether topic list", summary: "All topics" }],
  async run({ context }) {
    const body = await (await context.client()).call("topicList");
    await context.show(body, () =>
      context.table(
        ["TOPIC", "DURABILITY", "PARTITIONS", "SUBSCRIPTIONS"],
        body.topics.map(({ name, options, subscriptions }) => [
          name,
          options.durability,
          options.partitions,
          subscriptions.map(({ contract, name }) => `${contract} ${name}`).join(", ") || "-",
        ]),
      ));
  },
});
