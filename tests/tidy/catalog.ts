/**
 * Rule: every number in the error catalogue names one error and has the form E1234. Numbers that
 * were published are never used again: clients compare them.
 *
 * @module
 */
import { type Finding, lineAt, type SourceFile } from "./source.ts";

const catalogPath = /^src\/base\/(?:error_catalog|catalog\/\w+)\.ts$/;

/** Findings for numbers that are used twice or malformed. */
export function checkCatalog(files: readonly SourceFile[]): Finding[] {
  const seen = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { path, text } of files) {
    if (!catalogPath.test(path) || path.endsWith("_test.ts")) continue;
    for (const match of text.matchAll(/(\w+):\s*row\(\s*"([^"]*)"/g)) {
      const [, name = "", code = ""] = match;
      const line = lineAt(text, match.index);
      const other = seen.get(code);
      seen.set(code, name);
      if (!/^E[1-9]\d{3}$/.test(code)) {
        findings.push({ path, line, message: `${code} of ${name} is not of the form E1234` });
      } else if (other !== undefined) {
        findings.push({ path, line, message: `${code} of ${name} already names ${other}` });
      }
    }
  }
  return findings;
}
