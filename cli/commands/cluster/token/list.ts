/**
 * The command `aether cluster token list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../../command.ts";

/** Tokens that can be used. */
export const command = defineCommand({
  path: ["cluster", "token", "list"],
  summary: "List join tokens that can still be used",
  examples: [{ line: "aether cluster token list", summary: "Ids and when they expire" }],
  async run({ context }) {
    const client = await context.client();
    const body = await client.call("joinTokenList");
    await context.show(body, () =>
      context.table(
        ["ID", "NODE", "EXPIRES"],
        body.tokens.map(({ id, node, expiresAtMs }) => [
          id,
          node ?? "any",
          new Date(expiresAtMs).toISOString(),
        ]),
      ));
  },
});
