/**
 * The command `aether blueprint revert`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { followDeployment } from "../../../src/client/follow.ts";
import { blueprintId, countOf, progressLine } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

const timeoutMsDefault = 300_000;

/** Applies an earlier revision again. */
export const command = defineCommand({
  path: ["blueprint", "revert"],
  summary: "Apply an earlier revision of a blueprint again and follow it",
  arguments: { id: blueprintId },
  options: {
    to: {
      value: "N",
      summary: "Number of the revision; else the last deployed one that differs",
      parse: wholeNumber(Number.MAX_SAFE_INTEGER, 1),
    },
    detach: { summary: "Return as soon as it is applied" },
  },
  examples: [
    {
      line: "aether blueprint revert org.example:shop:1.1.0",
      summary: "Back to the last good one",
    },
    { line: "aether blueprint revert org.example:shop:1.1.0 --to 3", summary: "To revision 3" },
  ],
  exitCodes: { 1: "It was refused or did not deploy" },
  async run({ args, options, context }) {
    const client = await context.client();
    const applied = await client.call("blueprintRevert", {
      params: { id: args.id },
      body: { to: options.to },
    });
    const changes = countOf(applied.plan.changeCount, "change");
    await context.say(`${applied.id} ${applied.status}: ${changes}, revision ${applied.number}`);
    if (options.detach) {
      await context.show(applied, () => "");
      return;
    }
    const deployment = await followDeployment(client, applied.id, {
      number: applied.number,
      timeoutMs: context.options.timeout ?? timeoutMsDefault,
      onProgress: (status) => context.say(progressLine(status)),
    });
    await context.show({ ...applied, deployment }, () => "");
  },
});
