import assert from "node:assert/strict";
import { kvConflict } from "./kv_conflict.ts";
import { SliceError } from "./slice_error.ts";

Deno.test("kvConflict() tells both revisions, in words and as data", () => {
  const error = kvConflict("a", 3, 5);
  assert.ok(error instanceof SliceError);
  assert.equal(error.message, 'Key "a" is at revision 5, not 3: read it again');
  assert.deepEqual([error.code, error.status], ["KV_CONFLICT", 409]);
  assert.deepEqual(error.data, { key: "a", expected: 3, actual: 5 });
});
