import assert from "node:assert/strict";
import { parseToml } from "./toml.ts";

Deno.test("parseToml() answers plain values", () => {
  const { value, issues } = parseToml('id = "a"\n[node]\nport = 8080\n');
  assert.deepEqual(issues, []);
  assert.equal(JSON.stringify(value), '{"id":"a","node":{"port":8080}}');
});

Deno.test("parseToml() reports a syntax error with line, column and text", () => {
  const { value, issues } = parseToml('id = "a"\n  instances = \n');
  assert.deepEqual(value, {});
  assert.equal(issues.length, 1);
  assert.equal(issues[0]?.line, 2);
  assert.equal(issues[0]?.message, 'Invalid value at column 15 of "instances ="');
});

Deno.test("lineOf() answers the table around a key that is missing", () => {
  const { lineOf } = parseToml("[[slices]]\ninstances = 1\n[[slices]]\n");
  assert.equal(lineOf(["slices", 1, "artifact"]), 3);
  assert.equal(lineOf(["id"]), undefined);
});
