/**
 * The command `aether topic status`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatDuration } from "../../../src/base/duration.ts";
import { defineCommand } from "../../command.ts";

/** Who owns a topic's partitions, and how far its subscriptions are. */
export const command = defineCommand({
  path: ["topic", "status"],
  summary: "Show a topic's partitions with their owners, and the lag of its subscriptions",
  arguments: { topic: { summary: "Name of the topic" } },
  examples: [{ line: "aether topic status clicks", summary: "Owners, sizes and lag" }],
  async run({ args, context }) {
    const body = await (await context.client()).call("topicStatus", {
      params: { topic: args.topic },
    });
    await context.show(body, () => {
      const partitions = context.table(
        ["PARTITION", "LEADER", "OWNERS", "EPOCH", "MESSAGES", "BYTES"],
        body.partitions.map(({ number, leader, replicas, epoch, isSettled, figures }) => [
          number,
          leader ?? "-",
          replicas.join(", "),
          isSettled ? epoch : `${epoch} (being taken over)`,
          figures === null ? "?" : figures.end - figures.first,
          figures?.bytes ?? "?",
        ]),
      );
      const subscriptions = context.table(
        ["SUBSCRIPTION", "LAG", "BEHIND", "UNDER WAY", "HANDLED", "FAILED", "DEAD", "REPEATED"],
        body.progress.map((each) => [
          `${each.contract} ${each.name}`,
          each.lag,
          formatDuration(Math.round(each.lagMs)),
          each.underWay,
          each.handled,
          each.failed,
          each.dead,
          each.repeated,
        ]),
      );
      return `${partitions}\n${subscriptions}`;
    });
  },
});
