/**
 * The DHT's part of the error catalogue, 32xx; see `error_catalog.ts`.
 *
 * @module
 */
import { type ErrorInfo, row } from "./row.ts";

/** Errors of the distributed hash table. */
export const dhtErrors = {
  DHT_QUORUM: row(
    "E3201",
    503,
    "Too few owners of the key answered",
    "`aether dht status` shows which nodes are missing; give a full one more disk, and retry",
  ),
  DHT_BUSY: row(
    "E3202",
    503,
    "The node has as many DHT operations under way as it may",
    "Retry later, with fewer operations at once",
  ),
  DHT_NOT_READY: row(
    "E3203",
    503,
    "The node does not know the members of the DHT yet",
    "Retry when the node is ready",
  ),
  DHT_INVALID: row(
    "E3204",
    400,
    "The key or value is not valid",
    "Use keys of 1 to 512 bytes and values up to the named limit",
  ),
} as const satisfies Record<string, ErrorInfo>;
