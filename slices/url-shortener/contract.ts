/**
 * Contract of the URL shortener, shared with its callers.
 *
 * @module
 */
import { contract, method, z } from "aether";

const url = z.url({ protocol: /^https?$/ }).max(2_000);
const code = z.string().min(1).max(32);

/** Short codes for long URLs. */
export const shortener = contract("org.example:url-shortener", {
  shorten: method({
    input: z.object({ url }),
    output: z.object({ code }),
    http: "POST /urls",
    status: 201,
    summary: "Makes a short code for a URL",
  }),
  resolve: method({
    input: z.object({ code }),
    output: z.object({ url }),
    http: "GET /urls/:code",
    summary: "The URL of a code; counts the visit",
  }),
}, {
  errors: { LINK_NOT_FOUND: { status: 404, data: z.object({ code }) } },
});
