/**
 * The command `aether completion`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";
import { completionScript, shells } from "../completion.ts";

/** A script that completes commands and options in a shell. */
export const command = defineCommand({
  path: ["completion"],
  summary: "Print a completion script for a shell",
  arguments: { shell: { summary: shells.join(", "), choices: shells } },
  examples: [
    { line: "source <(aether completion bash)", summary: "In this bash" },
    {
      line: "aether completion zsh > ~/.zfunc/_aether",
      summary: "For every zsh, with ~/.zfunc in fpath",
    },
    {
      line: "aether completion fish > ~/.config/fish/completions/aether.fish",
      summary: "For every fish",
    },
  ],
  async run({ args, context, commands }) {
    await context.io.out(completionScript(args.shell, commands));
  },
});
