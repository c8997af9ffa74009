/**
 * Rule: a folder under src/ has at most 12 modules besides tests, and src/ itself has none.
 *
 * @module
 */
import { posix } from "node:path";
import { type Finding, isTest, isTypeScript, type SourceFile } from "./source.ts";

const modulesMax = 12;

/** One finding per folder that is too full. */
export function checkFolders(files: readonly SourceFile[]): Finding[] {
  const modules = files.map((file) => file.path)
    .filter((path) => path.startsWith("src/") && isTypeScript(path) && !isTest(path));
  const findings: Finding[] = [];
  for (const [path, inside] of Map.groupBy(modules, posix.dirname)) {
    const limit = path === "src" ? 0 : modulesMax;
    if (inside.length <= limit) continue;
    const message =
      `${inside.length} modules; the limit is ${limit}: group them in folders by idea`;
    findings.push({ path, line: 0, message });
  }
  return findings;
}
