/**
 * Rule: what src/ exports is imported somewhere. A value nobody imports loses its `export`; a type
 * may stay exported when its own module uses it in a signature.
 *
 * @module
 */
import { edgesOf } from "./graph.ts";
import { type Export, type Outline, outlineOf } from "./outline.ts";
import { type Finding, isTest, isTypeScript, readJson, type SourceFile } from "./source.ts";

const listPath = "tests/tidy/exports.json";

/** Findings for dead exports, and for entries of the allow-list that are stale. */
export function checkDeadExports(files: readonly SourceFile[]): Finding[] {
  const reasons = readJson<Record<string, string>>(files, listPath, {});
  const used = new Map<string, Set<string>>();
  for (const { from, to, names } of edgesOf(files)) {
    if (to === undefined || to === from) continue;
    const known = used.get(to) ?? new Set();
    for (const name of names) known.add(name);
    used.set(to, known);
  }
  const findings: Finding[] = [];
  const stale = new Set(Object.keys(reasons));
  for (const file of files) {
    const { path } = file;
    if (!path.startsWith("src/") || !isTypeScript(path) || isTest(path)) continue;
    const names = used.get(path) ?? new Set();
    const outline = outlineOf(file);
    for (const found of outline.exports) {
      if (isAlive(found, names, outline)) continue;
      const key = `${path}#${found.name}`;
      if (reasons[key] !== undefined && reasons[key].length >= 10) {
        stale.delete(key);
        continue;
      }
      const message = `${found.name} is imported nowhere: remove it, or its "export"`;
      findings.push({ path, line: found.line, message });
    }
  }
  for (const key of stale) {
    const message = `${key} is no dead export, or lacks a reason: remove or complete the entry`;
    findings.push({ path: listPath, line: 0, message });
  }
  return findings;
}

function isAlive(found: Export, names: ReadonlySet<string>, outline: Outline): boolean {
  if (names.has("*") || names.has(found.name)) return true;
  return found.kind !== "value" && (outline.counts.get(found.local) ?? 0) > 1;
}
