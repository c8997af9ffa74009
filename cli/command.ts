/**
 * What a command of the command line is: data plus one `run` function.
 *
 * Each file under `cli/commands/` exports one; parsing, help, completion and the reference document
 * are derived from it. A file's place is its path: `cli/commands/kv/put.ts` is `aether kv put`.
 *
 * @module
 */
import type { Context } from "./context.ts";

/** A positional argument. */
export interface ArgumentSpec {
  /** What it is, in a few words. */
  readonly summary: string;
  /** Whether it may be left out; only the last ones may. @default {false} */
  readonly optional?: boolean;
  /** The words that it can be; others are refused. */
  readonly choices?: readonly string[];
}

/** All further words of the command line, for commands that run another program. */
export interface RestSpec {
  /** What it is called in help, in capitals. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly summary: string;
}

/** An option; its flag is its name in kebab case. */
export interface OptionSpec {
  /** What it does, in a few words. */
  readonly summary: string;
  /** What its value is called in help, e.g. `FILE`; without it the option is a switch. */
  readonly value?: string;
  /** The words that it can be; others are refused. */
  readonly choices?: readonly string[];
  /** Turns the text into a value; throws an AetherError that names the text. @default {text} */
  readonly parse?: (text: string) => unknown;
  /** One letter as a short form. */
  readonly short?: string;
  /** Whether help leaves it out, because only programs use it. @default {false} */
  readonly hidden?: boolean;
}

/** A command line that works, for help and the reference. */
export interface Example {
  readonly line: string;
  /** What it shows, in a few words. */
  readonly summary: string;
}

/** Arguments by name, in their order. */
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;
/** Options by name, in camel case. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ArgumentValues<A extends ArgumentSpecs> = {
  readonly [Name in keyof A]:
    | (A[Name] extends { choices: readonly (infer Word)[] } ? Word : string)
    | (A[Name] extends { optional: true } ? undefined : never);
};

type OptionValue<O extends OptionSpec> = O extends { value: string } ?
    | (O extends { choices: readonly (infer Word)[] } ? Word
      : O extends { parse: (text: string) => infer Value } ? Value
      : string)
    | undefined
  : boolean;

type OptionValues<O extends OptionSpecs> = { readonly [Name in keyof O]: OptionValue<O[Name]> };

/** What a command gets when it runs. */
interface Invocation<Args, Options> {
  readonly args: Args;
  /** The words that {@link CommandInfo.rest} stands for. */
  readonly rest: readonly string[];
  readonly options: Options;
  readonly context: Context;
  /** All commands, for those that are about commands. */
  readonly commands: readonly Command[];
}

/** What all commands say about themselves. */
interface CommandInfo {
  /** Its words after `aether`, e.g. `["kv", "put"]`. */
  readonly path: readonly string[];
  /** What it does, in one line. */
  readonly summary: string;
  /** What else to know, in a paragraph. */
  readonly description?: string;
  readonly arguments?: ArgumentSpecs;
  /** Takes the words after `--`, at least one, as they are. */
  readonly rest?: RestSpec;
  readonly options?: OptionSpecs;
  readonly examples: readonly Example[];
  /** Exit codes with a meaning of their own, besides the common ones. */
  readonly exitCodes?: Readonly<Record<number, string>>;
}

/** A command, whatever its arguments and options are. */
export interface Command extends CommandInfo {
  /** Does it; returns the exit code when it is not 0. */
  run(
    invocation: Invocation<
      Readonly<Record<string, string | undefined>>,
      Readonly<Record<string, unknown>>
    >,
  ): Promise<number | void>;
}

/** A command whose `run` gets exactly what its arguments and options declare. */
interface TypedCommand<A extends ArgumentSpecs, O extends OptionSpecs> extends CommandInfo {
  readonly arguments?: A;
  readonly options?: O;
  run(invocation: Invocation<ArgumentValues<A>, OptionValues<O>>): Promise<number | void>;
}

/** The flag of an option: `ifRevision` becomes `--if-revision`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Checks a command's types and forgets them, so that all commands fit into one list. */
export function defineCommand<
  const A extends ArgumentSpecs = Record<never, never>,
  const O extends OptionSpecs = Record<never, never>,
>(command: TypedCommand<A, O>): Command {
  // The parser fills in what the specs say, which is what the types were derived from.
  return command as unknown as Command;
}
