/**
 * API rows about tokens with which new nodes get certificates.
 *
 * @module
 */
import { z } from "zod";
import { defineRows } from "./row.ts";

const hourMs = 3_600_000;
const tokenView = z.object({
  id: z.string(),
  /** Wall time. */
  expiresAtMs: z.number(),
  /** The only node that may use it; null: any new one. */
  node: z.string().nullable(),
});
const unsure = ["NOT_PROPOSED", "OUTCOME_UNKNOWN"] as const;

/** Rows about join tokens; only hashes of them are stored. */
export const joinTokenRows = defineRows({
  joinTokenCreate: {
    method: "POST",
    path: "/api/cluster/tokens",
    role: "admin",
    summary: "Makes a token with which one new node gets a certificate; it is shown only here",
    body: z.strictObject({
      ttlMs: z.int().min(60_000).max(7 * 24 * hourMs).default(hourMs),
      /** Only this node may use it. */
      node: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/).optional(),
    }),
    response: tokenView.extend({ token: z.string() }),
    errors: ["ISSUER_MISSING", "FILE_UNREADABLE", "CERTIFICATE_INVALID", "OVERLOADED", ...unsure],
  },
  joinTokenList: {
    method: "GET",
    path: "/api/cluster/tokens",
    role: "operator",
    summary: "Tokens that can still be used, without their secrets",
    response: z.object({ tokens: z.array(tokenView) }),
    errors: ["NOT_PROPOSED"],
  },
  joinTokenRevoke: {
    method: "DELETE",
    path: "/api/cluster/tokens/{id}",
    role: "admin",
    summary: "Makes a token useless",
    params: z.object({ id: z.string().regex(/^[0-9a-f]{1,64}$/) }),
    response: "none",
    errors: ["JOIN_TOKEN_NOT_FOUND", ...unsure],
  },
});
