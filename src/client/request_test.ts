import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { apiTable } from "../protocol/api/table.ts";
import { buildRequest, fillPath } from "./request.ts";

Deno.test("fillPath() encodes one segment, and slashes in it", () => {
  assert.equal(fillPath("/a/{id}/s", { id: "x/y z" }), "/a/x%2Fy%20z/s");
});

Deno.test("fillPath() keeps the slashes of the rest of a path", () => {
  assert.equal(fillPath("/r/{path+}", { path: "a//b/ä" }), "/r/a//b/%C3%A4");
});

Deno.test("fillPath() refuses what a URL parser would change", () => {
  for (const key of ["../x", "a/./b", "a/..", "\ud800"]) {
    const named = (error: unknown) =>
      error instanceof AetherError && error.name === "REQUEST_INVALID" &&
      error.message.includes("key");
    assert.throws(() => fillPath("/k/{key+}", { key }), named, key);
  }
});

Deno.test("fillPath() names a missing parameter", () => {
  assert.throws(() => fillPath("/k/{key}", {}), /"key" of \/k\/\{key\} is missing/);
});

Deno.test("buildRequest() refuses a header that is not plain text", () => {
  const body = { bytes: new Uint8Array(), contentType: "text/\n" };
  assert.throws(
    () => buildRequest(apiTable.kvPut, { params: { key: "k" }, body }),
    /The header content-type cannot be "text\/\\n"/,
  );
});
