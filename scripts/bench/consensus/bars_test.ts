import assert from "node:assert/strict";
import { drawBars } from "./bars.ts";

Deno.test("drawBars() draws every bar to one scale and escapes what it is told", () => {
  const svg = drawBars("a < b", [
    { title: "one", bars: [{ label: "1", value: 50 }, { label: "2", value: 100 }] },
    { title: "two", bars: [{ label: "x&y", value: 25 }] },
    { title: "none", bars: [] },
  ]);
  const heights = [...svg.matchAll(/height="([\d.]+)" fill="#3b6ea8"/g)].map(([, high]) =>
    +`${high}`
  );
  assert.equal(heights.length, 3);
  const [half = 0, whole = 0, quarter = 0] = heights;
  assert.ok(Math.abs(half * 2 - whole) < 0.3 && Math.abs(quarter * 4 - whole) < 0.3, `${heights}`);
  assert.match(svg, /a &#60; b/);
  assert.match(svg, /x&#38;y/);
  assert.doesNotMatch(svg, /NaN|Infinity/);
});
