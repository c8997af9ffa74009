import assert from "node:assert/strict";
import { compareVersions, newerVersion, versionText } from "./version.ts";

Deno.test("compareVersions() orders by time, then counter, then writer", () => {
  const ordered = [
    { timeMs: 1, counter: 9, writer: "z" },
    { timeMs: 2, counter: 0, writer: "z" },
    { timeMs: 2, counter: 1, writer: "a" },
    { timeMs: 2, counter: 1, writer: "b" },
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j));
      assert.equal(newerVersion(a, b), i >= j ? a : b);
      assert.equal(versionText(a) === versionText(b), i === j);
    }
  }
  const [first] = ordered;
  assert.ok(first !== undefined && newerVersion(undefined, first) === first);
});
