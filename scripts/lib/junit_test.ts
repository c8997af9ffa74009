import assert from "node:assert/strict";
import { closingLine, countCases, sumTotals } from "./junit.ts";

Deno.test("countCases() tells passed, failed, erroneous and skipped cases apart", () => {
  const xml = `<testsuites tests="5">
    <testsuite name="a"><testcase name="one" time="0"></testcase><testcase name="two"/>
    <testcase name="x &gt; <"><failure message="m">skipped</failure></testcase></testsuite>
    <testsuite name="b"><testcase name="e"><error/></testcase>
    <testcase name="s">
      <skipped/>
    </testcase></testsuite></testsuites>`;
  assert.deepEqual(countCases(xml), { passed: 2, failed: 2, skipped: 1 });
  assert.deepEqual(countCases(""), { passed: 0, failed: 0, skipped: 0 });
});

Deno.test("closingLine() prints the sum of all suites", () => {
  const totals = sumTotals([{ passed: 1, failed: 2, skipped: 3 }, {
    passed: 10,
    failed: 20,
    skipped: 30,
  }]);
  assert.equal(closingLine(totals), "11 passed, 22 failed, 33 skipped");
  assert.equal(closingLine(sumTotals([])), "0 passed, 0 failed, 0 skipped");
});
