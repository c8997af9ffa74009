/**
 * The keys of a section of type `http`.
 *
 * @module
 */
import { z } from "zod";
import { byteSize, choice, durationMs, integer } from "../../protocol/config/fields.ts";
import type { JsonNaming } from "./naming.ts";
import { tlsSchema } from "./tls.ts";

const seconds = (defaultText: string) =>
  durationMs({ minimum: "10ms", maximum: "10m" }).prefault(defaultText);
const namings: readonly JsonNaming[] = ["as-is", "snake", "kebab", "pascal"];

/** Schema of the section without `type` and `slices`. */
export const httpOptionsSchema = z.strictObject({
  /** Where paths count from; http or https, no query. */
  baseUrl: z.string().refine(isBaseUrl, {
    error: () => 'write an address without query or user, e.g. "https://api.example.com/v1"',
  }),
  /** Of all attempts of a request together. */
  timeout: seconds("30s"),
  connectTimeout: seconds("5s"),
  /** Most connections to one host and port. */
  connections: integer(1, 1_000).prefault(16),
  /** Time after which an unused connection is closed. */
  idleTimeout: seconds("30s"),
  /** Largest body of a request and of an answer. */
  maxBodyBytes: byteSize({ minimum: "1KiB", maximum: "32MiB" }).prefault("10MiB"),
  /** How names in JSON bodies are written on the wire; slices see camelCase. */
  jsonNaming: choice(namings as readonly ["as-is", "snake", "kebab", "pascal"]).prefault("as-is"),
  /** Sent with every request to the host of `baseUrl`, and to no other. */
  headers: z.record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
    z.string().regex(/^[\t\x20-\x7e]*$/),
  ).prefault({}),
  retry: z.strictObject({
    /** Attempts in all; 1 never sends a request again. */
    attempts: integer(1, 10).prefault(3),
    minDelay: durationMs({ minimum: "1ms", maximum: "1m" }).prefault("100ms"),
    maxDelay: durationMs({ minimum: "1ms", maximum: "10m" }).prefault("5s"),
  }).prefault({}),
  tls: tlsSchema,
});
/** See {@link httpOptionsSchema}. */
export type HttpSection = z.output<typeof httpOptionsSchema>;

function isBaseUrl(value: string): boolean {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
  const { search, hash, username, password } = new URL(value);
  return `${search}${hash}${username}${password}` === "";
}
