/**
 * Rule: every module opens with a doc comment that says what it is and ends in `@module`.
 *
 * @module
 */
import { type Finding, isTypeScript, type SourceFile } from "./source.ts";

/** Findings for modules without a header; unit tests and benchmarks need none. */
export function checkHeaders(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => isTypeScript(path) && !/_(test|bench)\.tsx?$/.test(path))
    .filter(({ text }) => !hasHeader(text))
    .map(({ path }) => ({
      path,
      line: 1,
      message: "Open with a /** ... @module */ comment: what it is, what it is not, who calls it",
    }));
}

function hasHeader(text: string): boolean {
  const header = /^(?:#!.*\n)?(?:\/\/ deno-[^\n]*\n)*\/\*\*([\s\S]*?)\*\//.exec(text)?.[1];
  if (header === undefined || !/^\s*\*?\s*@module\b/m.test(header)) return false;
  const words = header.replaceAll(/[*]|@module/g, " ").trim().split(/\s+/);
  return words.length >= 4;
}
