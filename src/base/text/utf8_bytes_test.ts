import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8Bytes } from "./utf8_bytes.ts";

fc.configureGlobal({ seed: 34 });

const encoder = new TextEncoder();

Deno.test("utf8Bytes() counts what TextEncoder writes", () => {
  for (const unit of ["grapheme", "binary"] as const) {
    fc.assert(fc.property(fc.string({ unit }), (text) => {
      assert.equal(utf8Bytes(text), encoder.encode(text).length);
    }));
  }
});

Deno.test("utf8Bytes() counts halves of surrogate pairs as their replacement", () => {
  for (const text of ["\ud800", "\udc00", "\ud800a", "a\udc00", "\udc00\ud800", "\ud83d\ude00"]) {
    assert.equal(utf8Bytes(text), encoder.encode(text).length, JSON.stringify(text));
  }
});
