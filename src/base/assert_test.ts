import assert from "node:assert/strict";
import { assert as check, InvariantError, unreachable } from "./assert.ts";

Deno.test("assert() throws InvariantError with its message unless the condition holds", () => {
  check(1, "Fine");
  for (const wrong of [false, 0, "", null, undefined]) {
    assert.throws(() => check(wrong, "Broken"), (error: unknown) => {
      assert.ok(error instanceof InvariantError);
      assert.equal(error.message, "Broken");
      return true;
    });
  }
});

Deno.test("unreachable() throws InvariantError that shows the value", () => {
  assert.throws(() => unreachable("seen" as never), /"seen"/);
});
