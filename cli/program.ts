/**
 * Turns the command objects into one parser.
 *
 * Commander does the parsing and the help; its errors come out as `USAGE` errors that name the
 * word and what to write instead. Parsing runs nothing.
 *
 * @module
 */
import { Command as Parser, CommanderError, Option } from "commander";
import { assert } from "../src/base/assert.ts";
import { AetherError } from "../src/base/errors.ts";
import { type Command, flagOf, type OptionSpec } from "./command.ts";
import type { GlobalOptions } from "./context.ts";
import { globalOptions } from "./global_options.ts";
import { nounSummaries } from "./nouns.ts";
import { usageError } from "./usage.ts";
import { choice } from "./values.ts";

/** A command line that was understood. */
export type Parsed =
  | {
    readonly kind: "command";
    readonly command: Command;
    readonly args: Readonly<Record<string, string | undefined>>;
    readonly rest: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
    readonly globals: GlobalOptions;
  }
  | { readonly kind: "help"; readonly text: string; readonly isAsked: boolean };

/**
 * Parses the words after `aether`.
 *
 * @throws {AetherError} USAGE naming the wrong word
 */
export function parse(commands: readonly Command[], words: readonly string[]): Parsed {
  const cut = words.indexOf("--");
  // What follows belongs to another program, if the command is one that runs programs.
  const head = cut < 0 ? undefined : attempt(() => parseWords(commands, words.slice(0, cut)));
  const parsed = head?.kind === "command" && head.command.rest !== undefined
    ? { ...head, rest: words.slice(cut + 1) }
    : parseWords(commands, words);
  if (parsed.kind === "command" && parsed.command.rest !== undefined && parsed.rest.length === 0) {
    const path = `aether ${parsed.command.path.join(" ")}`;
    throw new AetherError("USAGE", `${path} needs -- ${parsed.command.rest.name} at the end`, {
      hint: `Run \`${path} --help\``,
    });
  }
  return parsed;
}

function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof AetherError) return undefined;
    throw error;
  }
}

function parseWords(commands: readonly Command[], words: readonly string[]): Parsed {
  let found: Parsed | undefined;
  let help = "";
  const { root, parsers } = buildParsers(commands, (parsed) => found = parsed);
  for (const parser of parsers) {
    parser.exitOverride((error) => {
      throw usageError(error, parser);
    });
    parser.configureOutput({
      writeOut: (text) => help += text,
      writeErr: (text) => help += text,
      outputError: () => {},
    });
  }
  try {
    root.parse(helpLast(words, root), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: "help", text: help, isAsked: error.code === "commander.helpDisplayed" };
  }
  assert(found !== undefined, "The parser found no command and no error");
  return found;
}

/** The help of one command as text, for the reference. */
export function usageOf(command: Command): string {
  const words = Object.entries(command.arguments ?? {}).map(([name, { optional }]) =>
    optional ? `[${name}]` : `<${name}>`
  );
  const hasOptions = Object.values(command.options ?? {}).some(({ hidden }) => !hidden);
  const rest = command.rest === undefined ? [] : [`-- ${command.rest.name}...`];
  const options = hasOptions ? ["[options]"] : [];
  return ["aether", ...command.path, ...words, ...options, ...rest].join(" ");
}

/** `help a b` reads as `a b --help`, at any depth. */
function helpLast(words: readonly string[], root: Parser): readonly string[] {
  if (words[0] !== "help") return words;
  let parser = root;
  for (const word of words.slice(1)) {
    const next = parser.commands.find((command) => command.name() === word);
    if (next === undefined) return words.slice(1);
    parser = next;
  }
  return [...words.slice(1), "--help"];
}

function buildParsers(commands: readonly Command[], onParsed: (parsed: Parsed) => void) {
  const root = new Parser("aether").description(nounSummaries[""] ?? "").helpCommand(false)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .helpOption("-h, --help", "Print this help")
    .option("--version", "Print the version, as `aether version`")
    .addHelpText(
      "after",
      "\nStart with: aether dev\nMore: aether help COMMAND, aether explain CODE",
    );
  for (const [name, option] of Object.entries(globalOptions)) {
    root.addOption(buildOption(name, option, "aether"));
  }
  const parsers = [root];
  for (const command of commands) {
    let parent = root;
    for (const noun of command.path.slice(0, -1)) {
      let group = parent.commands.find((known) => known.name() === noun);
      if (group === undefined) {
        assert(nounSummaries[noun] !== undefined, `The noun ${noun} has no summary`);
        group = parent.command(noun).helpCommand(false).description(nounSummaries[noun]);
        parsers.push(group);
      }
      parent = group;
    }
    parsers.push(buildCommand(parent, command, onParsed));
  }
  return { root, parsers };
}

function buildCommand(
  parent: Parser,
  command: Command,
  onParsed: (parsed: Parsed) => void,
): Parser {
  const parser = parent.command(command.path.at(-1) ?? "");
  const words = `aether ${command.path.join(" ")}`;
  parser.summary(command.summary);
  parser.description([command.summary, command.description].filter(Boolean).join("\n\n"));
  const names = Object.keys(command.arguments ?? {});
  for (const [name, { optional, summary, choices }] of Object.entries(command.arguments ?? {})) {
    const word = optional ? `[${name}]` : `<${name}>`;
    const place = { name: `Argument <${name}>`, words };
    if (choices === undefined) {
      parser.argument(word, summary);
    } else {
      parser.argument(word, summary, (text) => checked(place, text, choice(choices)));
    }
  }
  if (command.rest !== undefined) {
    const args = names.map((name) => `<${name}>`).join(" ");
    parser.usage(`[options] ${args} -- ${command.rest.name}...`);
  }
  for (const [name, option] of Object.entries(command.options ?? {})) {
    assert(!Object.hasOwn(globalOptions, name), `Option ${name} of ${command.path} is global`);
    parser.addOption(buildOption(name, option, words));
  }
  parser.addHelpText("after", afterHelp(command));
  parser.action((...given: unknown[]) => {
    const values = names.map((name, index) => [name, given[index]] as const);
    const all = parser.optsWithGlobals();
    const options = Object.entries(command.options ?? {})
      .map(([name, { value }]) => [name, all[name] ?? (value === undefined ? false : undefined)]);
    onParsed({
      kind: "command",
      command,
      args: Object.fromEntries(values.filter(isText)),
      rest: [],
      options: Object.fromEntries(options),
      globals: { output: "table", color: true, ...all } as GlobalOptions,
    });
  });
  return parser;
}

function isText(entry: readonly [string, unknown]): entry is readonly [string, string] {
  return typeof entry[1] === "string";
}

function buildOption(name: string, spec: OptionSpec, words: string): Option {
  const short = spec.short === undefined ? "" : `-${spec.short}, `;
  const value = spec.value === undefined ? "" : ` <${spec.value}>`;
  const option = new Option(`${short}${flagOf(name)}${value}`, spec.summary);
  if (spec.hidden === true) option.hideHelp();
  const parse = spec.choices === undefined ? spec.parse : choice(spec.choices);
  const place = { name: `Option ${flagOf(name)}`, words };
  if (parse !== undefined) option.argParser((text: string) => checked(place, text, parse));
  return option;
}

/** Where a text stands on the command line. */
interface Place {
  readonly name: string;
  /** The words of the command. */
  readonly words: string;
}

/** The parsed value; its errors become `USAGE` and say where the text stands. */
function checked<Value>(place: Place, text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof AetherError)) throw error;
    const message = error.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
    throw new AetherError("USAGE", `${place.name}: ${message}`, {
      hint: `Run \`${place.words} --help\``,
    });
  }
}

function afterHelp({ examples, exitCodes }: Command): string {
  const lines = examples.flatMap(({ line, summary }) => [`  # ${summary}`, `  ${line}`]);
  const codes = Object.entries(exitCodes ?? {}).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return ["", "Examples:", ...lines, ...(codes.length > 0 ? ["", "Exit codes:", ...codes] : [])]
    .join("\n");
}
