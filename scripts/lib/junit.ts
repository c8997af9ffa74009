/**
 * Counts the test cases of a JUnit report as `deno test --junit-path` writes it.
 *
 * Steps are cases of their own, so an ignored step inside a passing test still counts as skipped.
 *
 * @module
 */

/** How many cases ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the cases of one report.
 *
 * @example
 * ```ts
 * import { countCases } from "./junit.ts";
 * countCases('<testcase name="a"></testcase>'); // { passed: 1, failed: 0, skipped: 0 }
 * ```
 */
export function countCases(xml: string): Totals {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (
    const [, , body = ""] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)
  ) {
    if (/<(failure|error)\b/.test(body)) failed++;
    else if (/<skipped\b/.test(body)) skipped++;
    else passed++;
  }
  return { passed, failed, skipped };
}

/** The sum of several counts. */
export function sumTotals(all: readonly Totals[]): Totals {
  return all.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    skipped: sum.skipped + each.skipped,
  }), { passed: 0, failed: 0, skipped: 0 });
}

/** The closing line of a test run: `N passed, N failed, N skipped`. */
export function closingLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
