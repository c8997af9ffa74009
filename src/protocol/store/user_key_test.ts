import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../../base/errors.ts";
import { limits } from "../limits.ts";
import { slicePrefix } from "../keys.ts";
import { checkUserKey } from "./user_key.ts";

function refusal(key: string, prefix?: string): string {
  try {
    checkUserKey(key, prefix);
  } catch (error) {
    if (error instanceof AetherError && error.name === "KEY_INVALID") return error.message;
    throw error;
  }
  return "";
}

Deno.test("checkUserKey() takes printable text of any script", () => {
  for (const key of ["a", "a/b", "schlüssel", "鍵", "\u{1f511}", " ", "../x", "__proto__"]) {
    assert.equal(refusal(key), "", key);
  }
});

Deno.test("checkUserKey() names the rule that a key breaks", () => {
  assert.match(refusal(""), /empty/);
  assert.match(refusal("a\nb"), /^Key "a\\nb" holds a control character/);
  assert.match(refusal("a\u007f"), /control character/);
  assert.match(refusal("a\ud800"), /half a surrogate pair/);
  assert.match(refusal("k".repeat(385)), /has 385 bytes; the limit is 384/);
});

Deno.test("checkUserKey() counts bytes, with the prefix of the slice", () => {
  assert.equal(refusal("é".repeat(192)), "");
  assert.match(refusal("é".repeat(192) + "e"), /has 385 bytes/);
  const longest = `${slicePrefix}org.${"e".repeat(252)}/`;
  fc.assert(
    fc.property(fc.nat(300), (length) => {
      const key = "k".repeat(length + 1);
      const fits = longest.length + key.length <= limits.keyBytes;
      assert.equal(refusal(key, longest) === "", fits);
    }),
    { seed: 1 },
  );
});
