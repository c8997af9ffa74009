import assert from "node:assert/strict";
import { formatToken, newToken, parseToken, tokenRandomBytes } from "./join.ts";

const random = Uint8Array.from({ length: tokenRandomBytes }, (_, index) => index * 7);
const token = newToken(random, "ab".repeat(32));

Deno.test("parseToken() reads what formatToken() wrote", () => {
  const text = formatToken(token);
  assert.match(text, /^aej_[A-Za-z0-9_-]{86}$/);
  assert.deepEqual(parseToken(text), token);
});

Deno.test("parseToken() refuses everything else without showing it", () => {
  const text = formatToken(token);
  for (
    const wrong of ["", "aej_", text.slice(0, -2), `${text}aaaa`, text.slice(4), "aej_?s3cr3t"]
  ) {
    assert.throws(() => parseToken(wrong), (error: Error) => {
      assert.equal(error.name, "JOIN_REFUSED");
      return !error.message.includes("s3cr3t");
    });
  }
});
