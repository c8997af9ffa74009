import assert from "node:assert/strict";
import { apiRows } from "./table.ts";

Deno.test("apiRows() has every method and path once, and parameters for every path", () => {
  const seen = new Set<string>();
  for (const { name, row } of apiRows()) {
    const key = `${row.method} ${row.path.replaceAll(/\{\w+\+?\}/g, "{}")}`;
    assert.ok(!seen.has(key), `${name} repeats ${key}`);
    seen.add(key);
    const inPath = [...row.path.matchAll(/\{(\w+)\+?\}/g)].map(([, parameter]) => parameter);
    assert.deepEqual(Object.keys(row.params?.shape ?? {}), inPath, name);
    assert.match(row.summary, /^[A-Z].*[^.]$/, name);
  }
});

Deno.test("apiRows() lets nobody without a key change anything", () => {
  for (const { name, row } of apiRows()) {
    if (row.role === "public") assert.equal(row.method, "GET", name);
  }
});
