/**
 * The command `aether explain`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import type { ErrorInfo } from "../../src/base/catalog/row.ts";
import { errorByCode, errorCatalog } from "../../src/base/error_catalog.ts";
import { AetherError } from "../../src/base/errors.ts";
import { nearest } from "../../src/base/text/nearest.ts";
import { defineCommand } from "../command.ts";
import { exitCodeOf } from "../exit_code.ts";

/** One entry of the error catalogue, or all of them. */
export const command = defineCommand({
  path: ["explain"],
  summary: "Explain an error code",
  arguments: { code: { summary: "Such as E3001; all codes without it", optional: true } },
  examples: [
    { line: "aether explain E3001", summary: "What a code means and what to do" },
    { line: "aether explain", summary: "All codes" },
  ],
  async run({ args, context }) {
    if (args.code === undefined) {
      const all = Object.entries(errorCatalog).map(([name, info]) => ({ name, ...info }));
      await context.show(all, () =>
        context.table(
          ["CODE", "STATUS", "NAME", "MEANING"],
          all.map(({ code, status, name, title }) => [code, status, name, title]),
        ));
      return;
    }
    const { name, info } = find(args.code);
    const exitCode = exitCodeOf(new AetherError(name, info.title));
    await context.show({ name, ...info, exitCode }, () =>
      context.fields([
        ["code", { text: info.code, tone: "strong" }],
        ["name", name],
        ["meaning", info.title],
        ["hint", info.hint],
        ["HTTP status", info.status],
        ["exit code", exitCode],
      ]));
  },
});

type Name = keyof typeof errorCatalog;

function find(code: string): { name: Name; info: ErrorInfo } {
  const found = errorByCode(code);
  if (found !== undefined) return found;
  const name = code.toUpperCase();
  if (Object.hasOwn(errorCatalog, name)) {
    return { name: name as Name, info: errorCatalog[name as Name] };
  }
  const known = Object.entries(errorCatalog).flatMap(([name, info]) => [info.code, name]);
  const guess = nearest(name, known);
  throw new AetherError("USAGE", `There is no error code ${JSON.stringify(code)}`, {
    hint: guess === undefined ? "`aether explain` lists all codes" : `Did you mean ${guess}?`,
  });
}
