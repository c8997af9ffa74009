/**
 * The command `aether cluster token revoke`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../../command.ts";

/** Makes a token useless. */
export const command = defineCommand({
  path: ["cluster", "token", "revoke"],
  summary: "Make a join token useless",
  arguments: { id: { summary: "Id, as `aether cluster token list` shows it" } },
  examples: [{ line: "aether cluster token revoke 3f0c2a9b51d07e44", summary: "By its id" }],
  exitCodes: { 3: "There is no such token: it was used, has expired or never was" },
  async run({ args, context }) {
    const client = await context.client();
    await client.call("joinTokenRevoke", { params: { id: args.id } });
    await context.say(`Token ${args.id} is revoked`);
  },
});
