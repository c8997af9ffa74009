/**
 * Keys that users and slices choose, and their rules.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8_bytes.ts";
import { limits } from "../limits.ts";

/** Start of the keys that users write through /api/kv. */
export const userPrefix = "user/";

const prefixBytes = 128;

// Control characters would break listings and logs; everything else is a key.
// deno-lint-ignore no-control-regex
const controlPattern = /[\u0000-\u001f\u007f]/;

/**
 * Checks the part of a key that a user or a slice chooses.
 *
 * @param prefix What the system puts before it; together they fit into a key of the store.
 * @throws {AetherError} KEY_INVALID naming the key and the rule.
 */
export function checkUserKey(key: string, prefix: string = userPrefix): void {
  if (key === "") throw new AetherError("KEY_INVALID", "The key is empty: write at least one byte");
  if (controlPattern.test(key)) {
    throw new AetherError("KEY_INVALID", `Key ${shown(key)} holds a control character: remove it`);
  }
  if (!key.isWellFormed()) {
    throw new AetherError(
      "KEY_INVALID",
      `Key ${shown(key)} holds half a surrogate pair: remove it`,
    );
  }
  // The room for a usual prefix is the same everywhere; a long one takes more.
  const max = limits.keyBytes - Math.max(prefixBytes, utf8Bytes(prefix));
  const bytes = utf8Bytes(key);
  if (bytes > max) {
    throw new AetherError(
      "KEY_INVALID",
      `Key ${shown(key)} has ${bytes} bytes; the limit is ${max}`,
    );
  }
}

/** Made only for a key that is refused. */
function shown(key: string): string {
  return JSON.stringify(key.slice(0, 80));
}
