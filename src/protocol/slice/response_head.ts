/**
 * What a slice may say of an HTTP answer beside its body: status and headers.
 *
 * The shell checks it when the slice says it, so that the author learns what is wrong; the gateway
 * checks it again, because what comes out of a worker is hostile input.
 *
 * @module
 */
import { isReservedHeader } from "./reserved_headers.ts";

/** Status and headers as they travel. */
export interface ResponseHead {
  /** From 200 to 499; failures are thrown. @default {what the contract says} */
  readonly status?: number;
  /** Names in lower case; a name may come several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const headersMax = 32;
const valuesLengthMax = 8_192;
/** Longest text of a head. */
export const headLengthMax = 16_384;

/** Those that only the gateway can answer rightly. */
const gatewayHeaders: ReadonlySet<string> = new Set([
  "content-length",
  "date",
  "host",
  "server",
  "x-request-id",
]);

/** What is wrong with a head; undefined when it may be sent. */
export function headProblem({ status, headers }: ResponseHead): string | undefined {
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 499)) {
    return `Status ${status} cannot be set: give one from 200 to 499, and throw failures`;
  }
  if (headers.length > headersMax) return `There are more than ${headersMax} headers`;
  let length = 0;
  for (const [name, value] of headers) {
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) return `"${name}" is no header name`;
    const isReserved = isReservedHeader(name) || gatewayHeaders.has(name) ||
      name.startsWith("access-control-");
    if (isReserved) return `Header "${name}" belongs to the gateway: a slice cannot set it`;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      return `The value of header "${name}" has characters that no header may have`;
    }
    length += value.length;
  }
  return length > valuesLengthMax
    ? `The values of all headers are longer than ${valuesLengthMax} characters`
    : undefined;
}

/** Reads a head that a worker sent; undefined when it is not one, or not allowed. */
export function readHead(text: string): ResponseHead | undefined {
  if (text.length > headLengthMax) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { status, headers } = value as { readonly status?: unknown; readonly headers?: unknown };
  if (status !== undefined && typeof status !== "number") return undefined;
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string");
  if (!Array.isArray(headers) || !headers.every(isPair)) return undefined;
  const head: ResponseHead = status === undefined ? { headers } : { status, headers };
  return headProblem(head) === undefined ? head : undefined;
}
