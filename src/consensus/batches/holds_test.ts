import assert from "node:assert/strict";
import { Holds } from "./holds.ts";

Deno.test("Holds.set() answers the batches that no slot holds any more", () => {
  const holds = new Holds();
  holds.set(1, ["a/1", "a/2"]);
  holds.set(2, ["a/2"]);
  assert.deepEqual(holds.set(1, ["a/3"]), ["a/1"]);
  assert.deepEqual(["a/1", "a/2", "a/3"].map(holds.has), [false, true, true]);
  assert.deepEqual(holds.set(2, []), ["a/2"]);
});

Deno.test("Holds.set() keeps a batch that a slot goes on holding", () => {
  const holds = new Holds();
  holds.set(1, ["a/1"]);
  assert.deepEqual(holds.set(1, ["a/1"]), []);
  assert.ok(holds.has("a/1"));
});

Deno.test("Holds.releaseBefore() releases what earlier slots hold", () => {
  const holds = new Holds();
  holds.set(1, ["a/1"]);
  holds.set(2, ["a/2"]);
  assert.deepEqual(holds.releaseBefore(2), ["a/1"]);
  assert.deepEqual(["a/1", "a/2"].map(holds.has), [false, true]);
});
