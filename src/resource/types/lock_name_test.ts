import assert from "node:assert/strict";
import { lockNameOf } from "./lock_name.ts";

Deno.test("lockNameOf() puts every slice's locks under its own prefix", () => {
  assert.equal(lockNameOf("org.example:a", "../b"), "slice/org.example:a/../b");
  for (const name of ["", "\n", "x".repeat(500)]) {
    assert.throws(() => lockNameOf("org.example:a", name), { name: "KEY_INVALID" });
  }
});
