/**
 * The reference of the command line, `docs/reference/cli.md`, from the command objects.
 *
 * `scripts/docs_cli.ts` writes it; a test compares it with the file.
 *
 * @module
 */
import { type Command, flagOf, type OptionSpecs } from "./command.ts";
import { commands } from "./commands.ts";
import { exitCodes } from "./exit_code.ts";
import { globalOptions } from "./global_options.ts";
import { nounSummaries } from "./nouns.ts";
import { usageOf } from "./program.ts";

/** The text of the reference. */
export function renderReference(): string {
  const index = commands.map((command) => {
    const name = `aether ${command.path.join(" ")}`;
    return `| [\`${name}\`](#${name.replaceAll(" ", "-")}) | ${cell(command.summary)} |`;
  });
  const codes = Object.entries(exitCodes).map(([code, meaning]) =>
    `| ${code} | ${cell(meaning)} |`
  );
  return `<!-- deno-fmt-ignore-file -->

# Command line

<!-- Generated from cli/commands by \`deno run -A scripts/docs_cli.ts\`; edit those files. -->

${
    nounSummaries[""]
  } \`aether help COMMAND\` prints the same for one command, \`aether explain CODE\`
what an error code means.

| command | what it does |
| --- | --- |
${index.join("\n")}

## Options of every command

${optionTable(globalOptions)}
The API key never stands on the command line: set \`AETHER_TOKEN\` or use \`--token-file\`.

## Exit codes

| code | meaning |
| --- | --- |
${codes.join("\n")}

Errors go to standard error as \`error[CODE]: what happened\`, with one line for each problem and a
hint. With \`-o json\` they are one line of JSON, the problem document of the API.

${commands.map(section).join("\n")}`;
}

function section(command: Command): string {
  const parts = [
    `## aether ${command.path.join(" ")}`,
    [command.summary, command.description].filter(Boolean).join(". ") + ".",
    "```sh\n" + usageOf(command) + "\n```",
  ].map((part) => part.replace(/\.\.$/, "."));
  const args = Object.entries(command.arguments ?? {}).map(([name, { summary }]) =>
    [name, summary] as const
  );
  if (command.rest !== undefined) args.push([`${command.rest.name}...`, command.rest.summary]);
  if (args.length > 0) {
    const rows = args.map(([name, summary]) => `| \`${name}\` | ${cell(summary)} |`);
    parts.push(`| argument | meaning |\n| --- | --- |\n${rows.join("\n")}`);
  }
  const shown = Object.values(command.options ?? {}).some(({ hidden }) => hidden !== true);
  if (shown) parts.push(optionTable(command.options ?? {}).trimEnd());
  const codes = Object.entries(command.exitCodes ?? {});
  if (codes.length > 0) {
    const rows = codes.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`);
    parts.push(`| exit code | meaning |\n| --- | --- |\n${rows.join("\n")}`);
  }
  const examples = command.examples.map(({ line, summary }) => `# ${summary}\n${line}`);
  parts.push("```sh\n" + examples.join("\n") + "\n```");
  return parts.join("\n\n") + "\n";
}

function optionTable(options: OptionSpecs): string {
  const rows = Object.entries(options).filter(([, { hidden }]) => hidden !== true)
    .map(([name, { short, value, summary }]) => {
      const flag = `${short === undefined ? "" : `-${short}, `}${flagOf(name)}`;
      return `| \`${flag}${value === undefined ? "" : ` ${value}`}\` | ${cell(summary)} |`;
    });
  return `| option | meaning |\n| --- | --- |\n${rows.join("\n")}\n`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
