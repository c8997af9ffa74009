import assert from "node:assert/strict";
import { copyTree, getAt, isTree, setAt, type Tree } from "./paths.ts";

Deno.test("getAt() finds own values only", () => {
  assert.equal(getAt({ a: [{ b: 1 }] }, ["a", 0, "b"]), 1);
  assert.equal(getAt({ a: 1 }, ["a", "b"]), undefined);
  assert.equal(getAt({}, ["constructor"]), undefined);
});

Deno.test("setAt() makes missing tables and refuses to replace what is not one", () => {
  const tree: Tree = { a: 5 };
  assert.equal(setAt(tree, ["b", "c"], 1), true);
  assert.equal(getAt(tree, ["b", "c"]), 1);
  assert.equal(setAt(tree, ["a", "c"], 1), false);
  assert.equal(tree.a, 5);
  assert.equal(setAt(tree, [], 1), false);
});

Deno.test("copyTree() copies tables without prototype, so that no name is special", () => {
  const source = JSON.parse('{"__proto__": {"polluted": true}, "list": [{"a": 1}]}');
  const copy = copyTree(source);
  assert.ok(isTree(copy));
  assert.equal(Object.getPrototypeOf(copy), null);
  assert.equal(copy.polluted, undefined);
  assert.notEqual(getAt(copy, ["list", 0]), source.list[0]);
  assert.equal(getAt(copy, ["list", 0, "a"]), 1);
});

Deno.test("isTree() is true for tables, not for lists, dates and nothing", () => {
  assert.deepEqual(
    [{}, Object.create(null), [], new Date(0), null, "a"].map(isTree),
    [true, true, false, false, false, false],
  );
});
