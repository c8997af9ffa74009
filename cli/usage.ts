/**
 * Commander's complaints as `USAGE` errors that name the word and what to write instead.
 *
 * @module
 */
import { type Command as Parser, CommanderError } from "commander";
import { AetherError } from "../src/base/errors.ts";
import { nearest } from "../src/base/text/nearest.ts";

/** The error to throw for commander's: help stays what it is, all others become `USAGE`. */
export function usageError(error: CommanderError, parser: Parser): Error {
  if (error.code.startsWith("commander.help")) return error;
  const path = pathOf(parser);
  const help = `Run \`${path} --help\``;
  const word = /'([^]*?)'/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownCommand":
      return usage(
        `Unknown command "${path} ${word}"`,
        didYouMean(word, parser.commands.map((command) => command.name()), path, help),
      );
    case "commander.unknownOption": {
      const [flag = ""] = word.split("=");
      return usage(
        `Unknown option "${flag}" of ${path}`,
        didYouMean(flag, flagsOf(parser), "", help),
      );
    }
    case "commander.missingArgument":
      return usage(`${path} needs <${word}>, which is missing`, help);
    case "commander.optionMissingArgument":
      return usage(`Option "${word}" of ${path} needs a value, which is missing`, help);
    case "commander.excessArguments": {
      const extra = parser.args.slice(parser.registeredArguments.length);
      const shown = extra.map((text) => JSON.stringify(text)).join(" ");
      return usage(
        `${path} takes no further argument: ${shown}`,
        `Leave it out, or quote. ${help}`,
      );
    }
    default:
      return usage(sentence(error.message), help);
  }
}

function usage(message: string, hint: string): AetherError {
  return new AetherError("USAGE", message, { hint });
}

function didYouMean(
  word: string,
  candidates: readonly string[],
  prefix: string,
  otherwise: string,
): string {
  const found = nearest(word, candidates);
  return found === undefined ? otherwise : `Did you mean \`${`${prefix} ${found}`.trim()}\`?`;
}

function pathOf(parser: Parser): string {
  const names: string[] = [];
  for (let at: Parser | null = parser; at !== null; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}

function flagsOf(parser: Parser): string[] {
  const flags: string[] = [];
  for (let at: Parser | null = parser; at !== null; at = at.parent) {
    for (const { long, hidden } of at.options) if (long !== undefined && !hidden) flags.push(long);
  }
  return flags;
}

function sentence(message: string): string {
  const text = message.replace(/^error: /, "").replace(/\.$/, "");
  return text.replace(/^./, (letter) => letter.toUpperCase());
}
