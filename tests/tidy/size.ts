/**
 * Rule: a file has at most 400 lines, 600 in the worst case. Files between the two stand in
 * `ratchet.json` with their length and may only shrink. Functions: see scripts/lint/plugin.ts.
 *
 * @module
 */
import { type Finding, isTypeScript, readJson, type SourceFile } from "./source.ts";

const ratchetPath = "tests/tidy/ratchet.json";
const linesSoft = 400;
const linesHard = 600;

/** Findings for files that are too long or grew, and for entries of the ratchet that are stale. */
export function checkSize(files: readonly SourceFile[]): Finding[] {
  const ratchet = readJson<Record<string, number>>(files, ratchetPath, {});
  const findings: Finding[] = [];
  const lengths = new Map(
    files.filter((file) => isTypeScript(file.path))
      .map((file) => [file.path, file.text.trimEnd().split("\n").length]),
  );
  for (const [path, lines] of lengths) {
    const message = objection(lines, ratchet[path]);
    if (message !== undefined) findings.push({ path, line: 0, message });
  }
  for (const [path, recorded] of Object.entries(ratchet)) {
    const lines = lengths.get(path) ?? 0;
    if (lines >= recorded && lines > linesSoft) continue;
    const fix = lines > linesSoft ? `lower it to ${lines}` : "remove the entry";
    findings.push({ path: ratchetPath, line: 0, message: `${path} shrank to ${lines}: ${fix}` });
  }
  return findings;
}

function objection(lines: number, recorded: number | undefined): string | undefined {
  if (lines > linesHard) return `${lines} lines; the limit is ${linesHard}: split it by idea`;
  if (lines <= linesSoft || recorded !== undefined && lines <= recorded) return undefined;
  if (recorded === undefined) {
    return `${lines} lines; more than ${linesSoft} need an entry in ${ratchetPath}: split it`;
  }
  return `Grew from ${recorded} to ${lines} lines; files in ${ratchetPath} only shrink`;
}
