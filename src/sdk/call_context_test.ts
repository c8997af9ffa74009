import assert from "node:assert/strict";
import { withParts } from "./call_context.ts";

Deno.test("withParts() replaces headers of the same name, in any case, and keeps the others", () => {
  const first = withParts(undefined, { status: 201, headers: { Vary: ["a", "b"], ETag: "1" } });
  assert.deepEqual(first, { status: 201, headers: [["vary", "a"], ["vary", "b"], ["etag", "1"]] });
  assert.deepEqual(withParts(first, { headers: { vary: "c" } }), {
    status: 201,
    headers: [["etag", "1"], ["vary", "c"]],
  });
  assert.deepEqual(withParts(first, { headers: { vary: [], etag: [] } }).headers, []);
});

Deno.test("withParts() throws and changes nothing when a part may not be sent", () => {
  const head = { headers: [["etag", "1"]] } as const;
  for (const parts of [{ status: 500 }, { headers: { connection: "close" } }]) {
    assert.throws(() => withParts(head, parts), { name: "OUTPUT_INVALID" });
  }
  assert.deepEqual(head, { headers: [["etag", "1"]] });
});
