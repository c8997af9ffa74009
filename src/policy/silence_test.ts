import assert from "node:assert/strict";
import { Silence } from "./silence.ts";

Deno.test("Silence.at() adds up the time between sweeps since the peer was heard", () => {
  const silence = new Silence();
  assert.deepEqual([100, 200, 300].map((now) => silence.at(now)), [0, 100, 200]);
  silence.hear();
  assert.deepEqual([400, 500].map((now) => silence.at(now)), [0, 100]);
});

Deno.test("Silence.at() leaves out what the own thread slept through, and still adds up", () => {
  const silence = new Silence();
  silence.at(0);
  assert.equal(silence.at(60_000), 400);
  assert.equal(silence.at(61_000), 800, "a thread that is always late notices too");
});
