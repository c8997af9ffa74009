import assert from "node:assert/strict";
import { lock } from "./lock.ts";

Deno.test("lock() describes a need", () => {
  assert.deepEqual(lock(), { kind: "resource", type: "lock", options: {}, schema: undefined });
});
