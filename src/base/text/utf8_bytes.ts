/**
 * Facts about texts that need no copy of them.
 *
 * @module
 */

/**
 * How many bytes a text takes in UTF-8; half a surrogate pair counts as its replacement.
 *
 * @example
 * ```ts
 * import { utf8Bytes } from "./utf8_bytes.ts";
 * console.assert(utf8Bytes("Grüße") === 7);
 * ```
 */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // Both halves of a pair take four bytes together.
    if ((unit & 0xfc00) !== 0xd800 || (text.charCodeAt(i + 1) & 0xfc00) !== 0xdc00) continue;
    i++;
  }
  return bytes;
}
