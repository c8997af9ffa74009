import assert from "node:assert/strict";
import { figuresOf } from "../protocol/figures.ts";
import { CallCounter } from "./call_counter.ts";

const echo = "org.example:echo:1.0.0";

Deno.test("CallCounter counts what versions answer, and what is their fault", () => {
  const counter = new CallCounter();
  assert.equal(counter.news(), undefined);
  counter.add(echo, 1, { kind: "output", status: 200, body: "" });
  counter.add(echo, 2, { kind: "problem", status: 404, body: "" });
  counter.add(echo, 3, { kind: "problem", status: 500, body: "" });
  counter.add(echo, 4, { kind: "lost" });
  counter.add(echo, 5, { kind: "timeout" });
  for (const kind of ["notHosted", "full", "aborted"] as const) counter.add(echo, 9, { kind });
  const [counts] = counter.news() ?? [];
  assert.deepEqual([counts?.requests, counts?.errors], [5, 3]);
  assert.equal(counter.news(), undefined, "there is nothing new");
});

Deno.test("CallCounter keeps latencies exactly enough for a threshold", () => {
  const counter = new CallCounter();
  for (let ms = 1; ms <= 100; ms++) {
    counter.add(echo, ms, { kind: "output", status: 200, body: "" });
  }
  const [counts] = counter.news() ?? [];
  const { p99Ms } = figuresOf(counts ?? assert.fail());
  assert.ok(p99Ms >= 99 && p99Ms < 99 * 1.2, String(p99Ms));
});
