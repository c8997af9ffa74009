import assert from "node:assert/strict";
import { loadOrder } from "./load_order.ts";

Deno.test("loadOrder() puts dependencies first and keeps the given order otherwise", () => {
  const graph = new Map([["c", ["a"]], ["b", []], ["a", ["d"]], ["d", []]]);
  assert.deepEqual(loadOrder(graph), { order: ["d", "a", "c", "b"], cycles: [] });
});

Deno.test("loadOrder() answers each cycle with its first node repeated", () => {
  const graph = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]], ["d", ["d"]]]);
  assert.deepEqual(loadOrder(graph).cycles, [["b", "c", "b"], ["d", "d"]]);
});
