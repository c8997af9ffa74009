/**
 * The command `aether scale`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";
import { wholeNumber } from "../values.ts";

/** Changes how many instances are wanted. */
export const command = defineCommand({
  path: ["scale"],
  summary: "Change how many instances of a slice are wanted",
  description: "Until its blueprint is applied again with another number. Never fewer than " +
    "minAvailable.",
  arguments: {
    artifact: { summary: "group:name of the slice" },
    instances: { summary: "Wanted instances" },
  },
  examples: [{ line: "aether scale org.example:echo 4", summary: "Four instances" }],
  async run({ args, context }) {
    const client = await context.client();
    const instances = wholeNumber(Number.MAX_SAFE_INTEGER, 1)(args.instances);
    const body = await client.call("scale", { body: { artifact: args.artifact, instances } });
    await context.show(body, () => `${body.artifact}: ${body.before} -> ${body.instances}\n`);
  },
});
