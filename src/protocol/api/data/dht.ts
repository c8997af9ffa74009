/**
 * API rows about the distributed hash table.
 *
 * @module
 */
import { z } from "zod";
import { dhtLimits } from "../../dht/entry.ts";
import { scopeNames } from "../../dht/scope.ts";
import { dhtLocationSchema, dhtRepairSchema, dhtStatusSchema } from "../../storage/dht.ts";
import { defineRows } from "../row.ts";

/** Rows about the DHT. */
export const dhtRows = defineRows({
  dhtStatus: {
    method: "GET",
    path: "/api/dht/status",
    role: "viewer",
    summary: "Who holds what in the DHT, and how replication is doing",
    response: dhtStatusSchema,
    errors: ["THREAD_LOST"],
  },
  dhtLocate: {
    method: "GET",
    path: "/api/dht/locate",
    role: "viewer",
    summary: "Which nodes own a key, and whether they hold it",
    query: z.object({
      key: z.string().max(dhtLimits.keyBytes).default(""),
      scope: z.enum(scopeNames).default("chunks"),
    }),
    response: dhtLocationSchema,
    errors: ["DHT_INVALID", "DHT_NOT_READY", "THREAD_LOST"],
  },
  dhtRepair: {
    method: "POST",
    path: "/api/dht/repair",
    role: "operator",
    summary: "Lets every node check what it stores and compare it with the other owners, now",
    response: dhtRepairSchema,
    errors: ["THREAD_LOST"],
  },
});
