import assert from "node:assert/strict";
import { closingLine, countCases, noTotals, sumTotals } from "./junit.ts";

Deno.test("countCases() tells passed, failed, erroneous and skipped cases apart", () => {
  const xml = `<testsuites tests="5">
    <testsuite name="a"><testcase name="one" time="0"></testcase><testcase name="two"/>
    <testcase name="x &gt; <"><failure message="m">skipped</failure></testcase></testsuite>
    <testsuite name="b"><testcase name="e"><error/></testcase>
    <testcase name="s">
      <skipped/>
    </testcase></testsuite></testsuites>`;
  const { notes, ...counts } = countCases(xml);
  assert.deepEqual(counts, { passed: 2, failed: 2, skipped: 1 });
  assert.equal(notes.length, 3);
  assert.deepEqual(countCases(""), noTotals);
});

Deno.test("countCases() notes what failed and why, and what was skipped", () => {
  const xml = `<testcase name="reads &lt;x&gt;" classname="./src/a_test.ts" line="1">
      <failure message="Uncaught">error: Expected &quot;1&quot;

    at a_test.ts:3</failure></testcase>
    <testcase name="later" classname="./src/b_test.ts"><skipped/></testcase>`;
  assert.deepEqual(countCases(xml).notes, [
    'FAILED ./src/a_test.ts reads <x>\n  error: Expected "1"\n      at a_test.ts:3',
    "SKIPPED ./src/b_test.ts later",
  ]);
});

Deno.test("closingLine() prints the sum of all suites", () => {
  const totals = sumTotals([
    { passed: 1, failed: 2, skipped: 3, notes: ["a"] },
    { passed: 10, failed: 20, skipped: 30, notes: ["b"] },
  ]);
  assert.equal(closingLine(totals), "11 passed, 22 failed, 33 skipped");
  assert.deepEqual(totals.notes, ["a", "b"]);
  assert.equal(closingLine(sumTotals([])), "0 passed, 0 failed, 0 skipped");
});
