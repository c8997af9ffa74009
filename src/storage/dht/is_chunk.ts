/**
 * Whether a value is the chunk that its key names.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Whether the key is the SHA-256 of the value in hex. */
export function isChunk(key: string, value: Uint8Array): boolean {
  return createHash("sha256").update(value).digest("hex") === key;
}
