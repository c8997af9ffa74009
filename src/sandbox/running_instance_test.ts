import assert from "node:assert/strict";
import { errorReason, sliceProblem } from "./running_instance.ts";

Deno.test("errorReason() tells a rejected promise from an error", () => {
  assert.equal(errorReason("Uncaught (in promise) Error: Lost"), "rejection");
  assert.equal(errorReason("Uncaught Error: Thrown"), "error");
});

Deno.test("sliceProblem() is the slice's failure", () => {
  const { name, detail } = sliceProblem("It failed");
  assert.deepEqual([name, detail], ["SLICE_FAILED", "It failed"]);
});
