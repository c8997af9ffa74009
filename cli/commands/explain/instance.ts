/**
 * The command `aether explain instance`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { toneOfState } from "../../output/style.ts";

/** Why a slice runs where it does, or does not run. */
export const command = defineCommand({
  path: ["explain", "instance"],
  summary: "Explain why a slice runs where it does, or does not run",
  description: "Shows every node with the reason why it was taken or refused, what the slice " +
    "waits for, and why its instances failed, as the leader decided last.",
  arguments: { artifact: { summary: "Coordinates, group:name or group:name:version" } },
  examples: [
    { line: "aether explain instance org.example:echo", summary: "All versions of a slice" },
  ],
  async run({ args, context }) {
    const client = await context.client();
    const body = await client.call("explainInstance", { params: { artifact: args.artifact } });
    await context.show(body, () => {
      const parts = body.targets.map((target) =>
        [
          `${target.artifact}: ${target.active} of ${target.wanted} ACTIVE`,
          ...target.waitingFor.map((artifact) => `waits for ${artifact}`),
          ...target.notes,
          context.table(
            ["NODE", "STARTS", "REASON"],
            target.candidates.map((candidate) => [
              candidate.node,
              candidate.starts,
              candidate.reason,
            ]),
          ),
        ].join("\n")
      );
      const instances = context.table(
        ["INSTANCE", "STATE", "ATTEMPT", "REASON"],
        body.instances.map(({ id, state, attempt, reason }) => [
          id,
          { text: state, tone: toneOfState(state) },
          attempt,
          reason ?? "",
        ]),
      );
      const decided = `decided by ${body.leader} at revision ${body.revision}`;
      return [...parts, instances + decided, ""].join("\n");
    });
  },
});
