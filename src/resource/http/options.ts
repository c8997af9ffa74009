/**
 * The keys of a section of type `http`.
 *
 * @module
 */
import { z } from "zod";
import { byteSize, choice, durationMs, integer, text } from "../../protocol/config/fields.ts";
import type { JsonNaming } from "./naming.ts";

const pem = text(
  /^-----BEGIN [A-Z ]+-----/,
  "PEM text",
  'write a text in PEM form, for example "${secrets:payments/ca.pem}"',
);
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
  tls: z.strictObject({
    /** Authorities to trust instead of the system's. */
    ca: pem.optional(),
    /** The client's certificate chain and key. */
    cert: pem.optional(),
    key: pem.optional(),
    /** Name to ask for and to expect, when it is not that of `baseUrl`. */
    serverName: z.string().min(1).optional(),
    minVersion: choice(["TLSv1.2", "TLSv1.3"]).prefault("TLSv1.2"),
  }).refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: () => "write both cert and key, or none",
  }).prefault({}),
});
/** See {@link httpOptionsSchema}. */
export type HttpSection = z.output<typeof httpOptionsSchema>;

function isBaseUrl(value: string): boolean {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
  const { search, hash, username, password } = new URL(value);
  return `${search}${hash}${username}${password}` === "";
}
