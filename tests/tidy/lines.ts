/**
 * Rule: a line of TypeScript has at most 100 characters; imports, names of tests and lines with
 * an address may be longer, because they cannot be broken.
 *
 * @module
 */
import { type Finding, isTypeScript, type SourceFile } from "./source.ts";

const charactersMax = 100;
const unbreakable = /https?:\/\/|^\s*(import|export)\b.*\bfrom "|^\s*Deno\.test\(["`]/;

/** Findings for every longer line. */
export function checkLines(files: readonly SourceFile[]): Finding[] {
  return files.filter((file) => isTypeScript(file.path)).flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      const length = line.length > charactersMax ? [...line].length : 0;
      if (length <= charactersMax || unbreakable.test(line)) {
        return [];
      }
      const message = `${length} characters; the limit is ${charactersMax}: break the line`;
      return [{ path, line: index + 1, message }];
    })
  );
}
