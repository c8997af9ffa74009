/**
 * Errors of the resources that slices use: rows of the error catalogue.
 *
 * @module
 */
import { row } from "./row.ts";

/** See `error_catalog.ts`. */
export const resourceErrors = {
  RESOURCE_INVALID: row(
    "E4050",
    400,
    "A resource that a slice needs is not configured as it must be",
    "Correct the named keys under [resources] in the node's file and restart it",
  ),
  RESOURCE_LOST: row(
    "E5050",
    503,
    "The node lost the resource during the request",
    "Try again: it is being restored. A request that changes something may have done so already",
  ),
  RESOURCE_FAILED: row(
    "E5051",
    503,
    "The resource could not be opened",
    "`aether resources` shows the reason; correct its section in the node's file",
  ),
  HTTP_REFUSED: row(
    "E5052",
    403,
    "The slice may not send this request",
    "Add the host to net under [permissions] in slice.toml, and to [sandbox.max] net",
  ),
  HTTP_UNREACHABLE: row(
    "E5053",
    502,
    "The other service cannot be reached",
    "Check the section's baseUrl and that the service runs",
  ),
  HTTP_TIMEOUT: row(
    "E5054",
    504,
    "The other service did not answer in time",
    "Raise timeout in the section, or timeoutMs in the request",
  ),
  HTTP_TOO_LARGE: row(
    "E5055",
    502,
    "The answer of the other service is too large",
    "Ask for less, or raise maxBodyBytes in the section",
  ),
  BLOB_TOO_LARGE: row(
    "E5056",
    413,
    "The blob is too large",
    "Store less under one key, or raise maxBytes in the section",
  ),
} as const;
