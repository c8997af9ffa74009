/**
 * API rows about leases, and about locks that stand on them.
 *
 * @module
 */
import { z } from "zod";
import { limits } from "../limits.ts";
import { leaseTtlMs } from "../store/command.ts";
import { defineRows } from "./row.ts";

const ttlMs = z.int().min(leaseTtlMs.min).max(leaseTtlMs.max);
const lease = z.string().min(1).max(128);
const leaseParams = z.object({ lease });
const name = z.object({ name: z.string().min(1).max(256) });
/** An id of the caller's choice, unguessable, makes a repeated request safe. */
const chosenLease = z.string().min(16).max(128).optional();
/** Proof that one holds a lock; the token spares the node a look. */
const held = z.strictObject({ lease, token: z.int().min(1).optional() });
const unsure = ["NOT_PROPOSED", "OUTCOME_UNKNOWN"] as const;

/** Rows about leases: keys written with one go when it is not renewed. */
export const leaseRows = defineRows({
  leaseGrant: {
    method: "POST",
    path: "/api/leases",
    role: "operator",
    summary: "Makes a lease that ends unless it is renewed",
    body: z.strictObject({ ttlMs, lease: chosenLease }),
    response: z.object({ lease: z.string(), ttlMs: z.int() }),
    errors: ["STORE_FULL", ...unsure],
  },
  leaseRenew: {
    method: "POST",
    path: "/api/leases/{lease}/renew",
    role: "operator",
    summary: "Starts the time of a lease again",
    params: leaseParams,
    response: "none",
    errors: ["LEASE_NOT_FOUND", ...unsure],
  },
  leaseRevoke: {
    method: "DELETE",
    path: "/api/leases/{lease}",
    role: "operator",
    summary: "Ends a lease and deletes its keys",
    params: leaseParams,
    response: "none",
    errors: ["LEASE_NOT_FOUND", ...unsure],
  },
});

/**
 * Rows about locks; a token grows with every holder, so that what it protects can refuse old
 * ones.
 */
export const lockRows = defineRows({
  lockList: {
    method: "GET",
    path: "/api/locks",
    role: "viewer",
    summary: "Locks that are held, and by whom",
    query: z.object({ prefix: z.string().max(limits.keyBytes).default("") }),
    response: z.object({
      locks: z.array(z.object({
        name: z.string(),
        holder: z.string(),
        token: z.int(),
        ttlMs: z.int(),
      })),
    }),
    errors: ["NOT_PROPOSED"],
  },
  lockAcquire: {
    method: "POST",
    path: "/api/locks/{name}/acquire",
    role: "operator",
    summary: "Acquires a lock, waiting for it if asked; the same lease again gives the same token",
    params: name,
    body: z.strictObject({
      /** Who it is for, as others shall see it. */
      holder: z.string().min(1).max(256),
      ttlMs: ttlMs.default(15_000),
      /** Longest wait for another holder, in milliseconds. */
      waitMs: z.int().min(0).max(20_000).default(0),
      lease: chosenLease,
    }),
    response: z.object({
      name: z.string(),
      token: z.int(),
      lease: z.string(),
      ttlMs: z.int(),
    }),
    errors: ["LOCK_HELD", "KEY_INVALID", "STORE_FULL", "OVERLOADED", ...unsure],
  },
  lockRenew: {
    method: "POST",
    path: "/api/locks/{name}/renew",
    role: "operator",
    summary: "Keeps a lock for another time to live",
    params: name,
    body: held,
    response: "none",
    errors: ["LOCK_LOST", "KEY_INVALID", ...unsure],
  },
  lockRelease: {
    method: "POST",
    path: "/api/locks/{name}/release",
    role: "operator",
    summary: "Gives a lock free",
    params: name,
    body: held,
    response: "none",
    errors: ["LOCK_LOST", "KEY_INVALID", ...unsure],
  },
});
