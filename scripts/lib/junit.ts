/**
 * Counts the test cases of a JUnit report as `deno test --junit-path` writes it.
 *
 * Steps are cases of their own, so an ignored step inside a passing test still counts as skipped.
 *
 * @module
 */
import { unescapeXml } from "../../src/base/text/xml.ts";

/** How many cases ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The cases that failed or were skipped, each with its reason, for the end of the output. */
  readonly notes: readonly string[];
}

/** Lines of the reason that are repeated for a case. */
const reasonLinesMax = 12;

/**
 * Counts the cases of one report.
 *
 * @example
 * ```ts
 * import { countCases } from "./junit.ts";
 * countCases('<testcase name="a"></testcase>'); // { passed: 1, failed: 0, skipped: 0, notes: [] }
 * ```
 */
export function countCases(xml: string): Totals {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const notes: string[] = [];
  for (
    const [, attributes = "", body = ""] of xml.matchAll(
      /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
    )
  ) {
    if (/<(failure|error)\b/.test(body)) {
      failed++;
      notes.push(`FAILED ${nameIn(attributes)}\n${reasonIn(body)}`);
    } else if (/<skipped\b/.test(body)) {
      skipped++;
      notes.push(`SKIPPED ${nameIn(attributes)}`);
    } else passed++;
  }
  return { passed, failed, skipped, notes };
}

function nameIn(attributes: string): string {
  const valueOf = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return unescapeXml(`${valueOf("classname")} ${valueOf("name")}`.trim());
}

function reasonIn(body: string): string {
  const text = /<(?:failure|error)\b[^>]*>([\s\S]*?)<\/(?:failure|error)>/.exec(body)?.[1] ?? "";
  const lines = unescapeXml(text).split("\n").filter((line) => line.trim() !== "");
  return lines.slice(0, reasonLinesMax).map((line) => `  ${line}`).join("\n");
}

/** Nothing ran. */
export const noTotals: Totals = { passed: 0, failed: 0, skipped: 0, notes: [] };

/** One failure that is not a test case: a program, a build, or a suite as a whole. */
export function oneFailure(what: string): Totals {
  return { ...noTotals, failed: 1, notes: [`FAILED ${what}`] };
}

/** The sum of several counts. */
export function sumTotals(all: readonly Totals[]): Totals {
  return all.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    skipped: sum.skipped + each.skipped,
    notes: [...sum.notes, ...each.notes],
  }), noTotals);
}

/** The closing line of a test run: `N passed, N failed, N skipped`. */
export function closingLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
