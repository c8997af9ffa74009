import assert from "node:assert/strict";
import { Figures } from "./figures.ts";

Deno.test("Figures tells errors, refusals and the rest apart, and begins anew when taken", () => {
  const figures = new Figures();
  figures.add("a:b:1.0.0", "get", 5, { kind: "output", status: 200, body: "" });
  figures.add("a:b:1.0.0", "get", 5, { kind: "problem", status: 404, body: "" });
  figures.add("a:b:1.0.0", "get", 5, { kind: "problem", status: 500, body: "" });
  for (const kind of ["lost", "full", "timeout", "notHosted", "aborted"] as const) {
    figures.add("a:b:1.0.0", "get", 5, { kind });
  }
  figures.addOutcome("a:b:1.0.0", "get", "200");
  const [taken, ...others] = figures.take();
  assert.deepEqual(others, []);
  assert.deepEqual([taken?.calls, taken?.errors, taken?.refused], [8, 5, 1]);
  assert.deepEqual(taken?.outcomes, { "200": 1 });
  assert.deepEqual(taken?.buckets.map(([, count]) => count), [8]);
  assert.deepEqual(figures.take(), []);
});

Deno.test("Figures has limits", () => {
  const figures = new Figures();
  for (let index = 0; index < 2_010; index++) {
    figures.add("a:b:1.0.0", `m${index}`, 1, { kind: "lost" });
  }
  for (let index = 0; index < 60; index++) figures.addOutcome("a:b:1.0.0", "m0", `${index}`);
  const taken = figures.take();
  assert.equal(taken.length, 2_000);
  assert.equal(Object.keys(taken[0]?.outcomes ?? {}).length, 50);
});
