/**
 * The command `aether cluster status`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { nodeRows, nodeTitles } from "../../cluster_nodes.ts";
import { defineCommand } from "../../command.ts";

/** Leader, quorum and nodes. */
export const command = defineCommand({
  path: ["cluster", "status"],
  summary: "Show leader, quorum, voters and followers, as one node sees them",
  description: "SLOTS BEHIND says how many slots of the log others have applied and a node has " +
    "not; a node under load is a few behind all the time.",
  examples: [
    { line: "aether cluster status", summary: "Whether all is well" },
    { line: "aether cluster status --connect 192.0.2.12:8080", summary: "What another node sees" },
  ],
  async run({ context }) {
    const body = await (await context.client()).call("clusterStatus");
    const { quorum, nextVoters } = body;
    await context.show(body, () =>
      context.fields([
        ["cluster", body.cluster],
        ["leader", body.leader ?? { text: "none", tone: "warn" }],
        ["term", body.term ?? ""],
        ["revision", body.revision],
        ["slot", body.slot],
        ["quorum", {
          text: `${quorum.established ? "established" : "lost"}, ${quorum.alive} of ` +
            `${body.voters.length} voters work, ${quorum.needed} are needed`,
          tone: quorum.established ? "good" : "bad",
        }],
        ["voters", body.voters.join(", ")],
        ["followers", body.followers.join(", ") || "none"],
        ...(nextVoters === null ? [] : [["next voters", nextVoters.join(", ")] as const]),
      ]) + "\n" + context.table(nodeTitles, nodeRows(body.nodes)));
  },
});
