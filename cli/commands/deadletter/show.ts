/**
 * The command `aether deadletter show`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** One dead letter with what it holds. */
export const command = defineCommand({
  path: ["deadletter", "show"],
  summary: "Show a dead letter with its cause and its bytes",
  arguments: { id: { summary: "Its id, from `aether deadletter list`" } },
  examples: [{ line: "aether deadletter show 0123456789abcdef", summary: "One letter" }],
  async run({ args, context }) {
    const letter = await (await context.client()).call("deadLetterShow", {
      params: { id: args.id },
    });
    const { source, contract, method, cause, attempts, bytes } = letter;
    await context.show(letter, () =>
      context.fields([
        ["Id", letter.id],
        ["Source", JSON.stringify(source)],
        ["For", `${contract} ${method}`],
        ["Attempts", attempts],
        ["First attempt", new Date(letter.firstAttemptAtMs).toISOString()],
        ["Last attempt", new Date(letter.lastAttemptAtMs).toISOString()],
        ["Cause", `${cause.code}: ${cause.message}`],
        ["Content", new TextDecoder().decode(Uint8Array.fromBase64(bytes))],
      ]));
  },
});
