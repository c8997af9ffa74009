/**
 * Rule: every module parses; the other rules could overlook what they cannot read.
 *
 * @module
 */
import { outlineOf } from "./outline.ts";
import { type Finding, isTypeScript, type SourceFile } from "./source.ts";

/** One finding per module that the parser refuses. */
export function checkSyntax(files: readonly SourceFile[]): Finding[] {
  return files.filter((file) => isTypeScript(file.path)).flatMap((file) => {
    const { syntaxError } = outlineOf(file);
    if (syntaxError === undefined) return [];
    const line = Number(/:(\d+):\d+\s*$/.exec(syntaxError)?.[1] ?? 0);
    return [{ path: file.path, line, message: syntaxError.split("\n")[0] ?? syntaxError }];
  });
}
