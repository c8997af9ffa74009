/**
 * The whole command line as one function: parse, dispatch, map errors to exit codes.
 *
 * `main.ts` calls it with the process around it; tests call it with their own.
 *
 * @module
 */
import { AetherError, toAetherError } from "../src/base/errors.ts";
import { commands } from "./commands.ts";
import { Context, isColored, type Surroundings } from "./context.ts";
import { exitCodeOf } from "./exit_code.ts";
import { renderError, renderErrorJson } from "./output/error.ts";
import { painter } from "./output/style.ts";
import { parse } from "./program.ts";

/** Runs the words after `aether` and returns the exit code; never throws. */
export async function runCli(
  words: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  try {
    const isVersion = words.length === 1 && words[0] === "--version";
    const parsed = parse(commands, isVersion ? ["version"] : words);
    if (parsed.kind === "help") {
      const { io } = surroundings;
      await (parsed.isAsked ? io.out(parsed.text) : io.err(parsed.text));
      return parsed.isAsked ? 0 : 2;
    }
    const { command, args, rest, options, globals } = parsed;
    const context = new Context(surroundings, globals);
    return await command.run({ args, rest, options, context, commands }) ?? 0;
  } catch (error) {
    // Whoever read our output has seen enough: `aether kv list | head`.
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    return await report(error, words, surroundings);
  }
}

async function report(
  thrown: unknown,
  words: readonly string[],
  { io, env }: Surroundings,
): Promise<number> {
  const error = toAetherError(thrown);
  const isColorful = isColored(!words.includes("--no-color"), io.errIsTerminal, env);
  const text = wantsJson(words) ? renderErrorJson(error) : renderError(error, painter(isColorful));
  await io.err(text);
  // A bug of ours: where it happened helps whoever gets the report.
  const isBug = !(thrown instanceof AetherError) && thrown instanceof Error;
  if (isBug && !wantsJson(words)) await io.err(`${thrown.stack ?? ""}\n`);
  return exitCodeOf(error);
}

/** Also for command lines that do not parse. */
function wantsJson(words: readonly string[]): boolean {
  return words.some((word, index) =>
    /^(-o|--output=)jsonl?$/.test(word) ||
    (/^jsonl?$/.test(word) && ["-o", "--output"].includes(words[index - 1] ?? ""))
  );
}
