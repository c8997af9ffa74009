import assert from "node:assert/strict";
import { figuresOf } from "../../protocol/figures.ts";
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
  const [taken, ...others] = figures.take().methods;
  assert.deepEqual(others, []);
  assert.deepEqual([taken?.calls, taken?.errors, taken?.refused], [8, 5, 1]);
  assert.deepEqual(taken?.outcomes, { "200": 1 });
  assert.deepEqual(taken?.buckets.map(([, count]) => count), [8]);
  assert.deepEqual(figures.take(), { methods: [] });
});

Deno.test("Figures has limits", () => {
  const figures = new Figures();
  for (let index = 0; index < 2_010; index++) {
    figures.add("a:b:1.0.0", `m${index}`, 1, { kind: "lost" });
  }
  for (let index = 0; index < 60; index++) figures.addOutcome("a:b:1.0.0", "m0", `${index}`);
  const taken = figures.take().methods;
  assert.equal(taken.length, 2_000);
  assert.equal(Object.keys(taken[0]?.outcomes ?? {}).length, 50);
});

const echo = "org.example:echo:1.0.0";

Deno.test("Figures adds up what versions answer, and what is their fault", () => {
  const figures = new Figures();
  assert.equal(figures.take().counts, undefined);
  figures.add(echo, "get", 1, { kind: "output", status: 200, body: "" });
  figures.add(echo, "put", 2, { kind: "problem", status: 404, body: "" });
  figures.add(echo, "get", 3, { kind: "problem", status: 500, body: "" });
  figures.add(echo, "get", 4, { kind: "lost" });
  figures.add(echo, "get", 5, { kind: "timeout" });
  for (const kind of ["notHosted", "full", "aborted"] as const) {
    figures.add(echo, "get", 9, { kind });
  }
  const totalOf = ({ counts }: ReturnType<Figures["take"]>) =>
    counts?.map(({ requests, errors }) => ({ requests, errors }));
  assert.deepEqual(totalOf(figures.take()), [{ requests: 5, errors: 3 }]);
  assert.equal(figures.take().counts, undefined, "there is nothing new");
  figures.add(echo, "get", 1, { kind: "lost" });
  assert.deepEqual(totalOf(figures.take()), [{ requests: 6, errors: 4 }], "totals only grow");
});

Deno.test("Figures keeps latencies of versions exactly enough for a threshold", () => {
  const figures = new Figures();
  for (let ms = 1; ms <= 100; ms++) {
    figures.add(echo, "get", ms, { kind: "output", status: 200, body: "" });
  }
  const [counts] = figures.take().counts ?? [];
  const { p99Ms } = figuresOf(counts ?? assert.fail());
  assert.ok(p99Ms >= 99 && p99Ms < 99 * 1.2, String(p99Ms));
});
