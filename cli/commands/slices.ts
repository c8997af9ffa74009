/**
 * The command `aether slices`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";
import { toneOfState } from "../output/style.ts";

/** What should run and what does; with `--instances` every single one. */
export const command = defineCommand({
  path: ["slices"],
  summary: "List the slices that should run, with their state",
  options: { instances: { summary: "One line for every instance" } },
  examples: [
    { line: "aether slices", summary: "Wanted and active instances of every slice" },
    { line: "aether slices --instances", summary: "Where each instance is and why it failed" },
  ],
  async run({ options, context }) {
    const client = await context.client();
    if (options.instances) {
      const body = await client.call("slicesStatus");
      await context.show(body, () =>
        context.table(
          ["INSTANCE", "ARTIFACT", "NODE", "STATE", "ATTEMPT", "REASON"],
          body.instances.map((instance) => [
            instance.id,
            instance.artifact,
            instance.node,
            { text: instance.state, tone: toneOfState(instance.state) },
            instance.attempt,
            instance.reason ?? "",
          ]),
        ));
      return;
    }
    const body = await client.call("slices");
    await context.show(body, () =>
      context.table(
        ["ARTIFACT", "STATUS", "ACTIVE", "BLUEPRINT", "REASON"],
        body.slices.map((slice) => [
          slice.artifact,
          { text: slice.status, tone: toneOfState(slice.status) },
          `${slice.active}/${slice.instances}`,
          slice.blueprint,
          slice.reason ?? "",
        ]),
      ));
  },
});
