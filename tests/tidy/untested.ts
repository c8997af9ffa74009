/**
 * Rule: every module under src/ that has logic has its unit test beside it, or stands in
 * `untested.json` with the reason and the place where it is proven instead.
 *
 * @module
 */
import { outlineOf } from "./outline.ts";
import { type Finding, isTest, isTypeScript, readJson, type SourceFile } from "./source.ts";

const listPath = "tests/tidy/untested.json";

/** Findings for modules without a test, and for entries of the list that are stale or empty. */
export function checkUntested(files: readonly SourceFile[]): Finding[] {
  const reasons = readJson<Record<string, string>>(files, listPath, {});
  const paths = new Set(files.map((file) => file.path));
  const findings: Finding[] = [];
  for (const file of files) {
    const { path } = file;
    if (!isModule(path) || paths.has(testOf(path)) || reasons[path] !== undefined) continue;
    if (!outlineOf(file).hasLogic) continue;
    const message = `Has logic but no ${testOf(path)}: write it, or give a reason in ${listPath}`;
    findings.push({ path, line: 0, message });
  }
  for (const [path, reason] of Object.entries(reasons)) {
    const message = objection(path, reason, paths);
    if (message !== undefined) findings.push({ path: listPath, line: 0, message });
  }
  return findings;
}

function isModule(path: string): boolean {
  return path.startsWith("src/") && isTypeScript(path) && !isTest(path) && !path.endsWith(".d.ts");
}

function testOf(path: string): string {
  return path.replace(/\.(tsx?)$/, "_test.$1");
}

function objection(path: string, reason: string, paths: ReadonlySet<string>): string | undefined {
  if (!paths.has(path)) return `${path} does not exist: remove the entry`;
  if (paths.has(testOf(path))) return `${path} has a test now: remove the entry`;
  return reason.trim().length < 10 ? `${path} needs a reason of a few words` : undefined;
}
