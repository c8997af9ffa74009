/**
 * Values of keys inside JSON: text where the bytes are UTF-8, base64 where not.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { AetherError } from "../base/errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes as text; undefined when they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes as base64. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * The bytes of a value in JSON.
 *
 * @throws {AetherError} REQUEST_INVALID when it is not base64 although it should be.
 */
export function decodeValue(value: string, encoding: "utf8" | "base64"): Uint8Array<ArrayBuffer> {
  if (encoding === "utf8") return new TextEncoder().encode(value);
  if (!base64Pattern.test(value)) {
    const shown = JSON.stringify(value.slice(0, 40));
    throw new AetherError("REQUEST_INVALID", `${shown} is not base64: correct it, or its encoding`);
  }
  return new Uint8Array(Buffer.from(value, "base64"));
}
