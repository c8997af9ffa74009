import assert from "node:assert/strict";
import { sliceTomlSchema } from "./slice_toml.ts";

function problems(value: unknown): string[] {
  const parsed = sliceTomlSchema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join("."));
}

Deno.test("sliceTomlSchema needs nothing but the artifact and grants nothing", () => {
  assert.deepEqual(sliceTomlSchema.parse({ artifact: "org.example:echo:1.0.0" }), {
    artifact: "org.example:echo:1.0.0",
    entry: "mod.ts",
    permissions: {},
    limits: { heapMb: 128, concurrency: 256 },
    dependencies: {},
  });
  const { limits } = sliceTomlSchema.parse({ artifact: "a", limits: { heapMb: 64 } });
  assert.deepEqual(limits, { heapMb: 64, concurrency: 256 });
});

Deno.test("sliceTomlSchema refuses what it does not know, at every level", () => {
  assert.deepEqual(problems({ artifact: "a", other: 1 }), [""]);
  assert.deepEqual(problems({ artifact: "a", permissions: { network: ["x:1"] } }), ["permissions"]);
  assert.deepEqual(problems({ artifact: "a", limits: { heap: 64 } }), ["limits"]);
});

Deno.test("sliceTomlSchema names every wrong value", () => {
  const found = problems({
    entry: 1,
    permissions: { net: "api.example.com:443", env: [""] },
    limits: { heapMb: 5000, concurrency: 0 },
    dependencies: { "org.example:a": "soon" },
  });
  assert.deepEqual(found.toSorted(), [
    "artifact",
    "dependencies.org.example:a",
    "entry",
    "limits.concurrency",
    "limits.heapMb",
    "permissions.env.0",
    "permissions.net",
  ]);
});
