import assert from "node:assert/strict";
import { decodeValue, encodeBase64, textOf } from "./values.ts";

Deno.test("decodeValue() gives back what textOf() or encodeBase64() made", () => {
  for (const bytes of [[], [0xff], [0, 1, 2], [0xef, 0xbb, 0xbf, 65], [0xc3, 0xbc]]) {
    const value = Uint8Array.from(bytes);
    const text = textOf(value);
    const again = text === undefined
      ? decodeValue(encodeBase64(value), "base64")
      : decodeValue(text, "utf8");
    assert.deepEqual(again, value);
  }
});

Deno.test("decodeValue() refuses what is not base64", () => {
  for (const text of ["a", "a===", "ä", "YQ", "YQ==YQ=="]) {
    assert.throws(() => decodeValue(text, "base64"), { name: "REQUEST_INVALID" });
  }
});
