/**
 * Rule: only programs for people print: cli/, scripts/ and tests. Everything else logs through the
 * logger it was given.
 *
 * @module
 */
import { outlineOf } from "./outline.ts";
import { type Finding, isTest, isTypeScript, type SourceFile } from "./source.ts";

/** Findings for every use of `console` elsewhere. */
export function checkConsole(files: readonly SourceFile[]): Finding[] {
  return files.filter(({ path }) => isTypeScript(path) && !mayPrint(path)).flatMap((file) =>
    outlineOf(file).uses.filter((use) => prints(file.path, use.name, use.form)).map((
      { form, line },
    ) => ({
      path: file.path,
      line,
      message: `${form} outside cli/ and scripts/: use the logger`,
    }))
  );
}

function prints(path: string, name: string, form: string): boolean {
  // The shell replaces the whole console before slice code runs; it never calls it.
  return name === "console" && !(form === "console" && path.startsWith("src/sandbox/shell/"));
}

function mayPrint(path: string): boolean {
  return /^(cli|scripts)\//.test(path) || isTest(path);
}
