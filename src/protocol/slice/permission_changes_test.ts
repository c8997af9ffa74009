import assert from "node:assert/strict";
import { permissionChanges, permissionEntries } from "./permission_changes.ts";

const limits = { heapMb: 128, concurrency: 256 };

Deno.test("permissionEntries() lists every entry in a fixed order", () => {
  assert.deepEqual(permissionEntries({ env: ["B", "A"], net: ["x:1"] }), [
    { kind: "net", entry: "x:1" },
    { kind: "env", entry: "A" },
    { kind: "env", entry: "B" },
  ]);
  assert.deepEqual(permissionEntries({}), []);
});

Deno.test("permissionChanges() says what widens and what narrows", () => {
  const before = {
    permissions: { net: ["a:1", "b:1"] },
    limits,
    sandbox: { tier: "process" as const },
  };
  const after = {
    permissions: { net: ["b:1", "c:1"], env: ["TZ"] },
    limits: { ...limits, heapMb: 64 },
  };
  assert.deepEqual(permissionChanges(before, after), [
    { what: "net", before: "", after: "c:1", widens: true },
    { what: "net", before: "a:1", after: "", widens: false },
    { what: "env", before: "", after: "TZ", widens: true },
    { what: "sandbox.tier", before: "process", after: "worker", widens: true },
    { what: "limits.heapMb", before: "128", after: "64", widens: false },
  ]);
  assert.deepEqual(permissionChanges(after, after), []);
});
