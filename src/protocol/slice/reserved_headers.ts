/**
 * Request headers that no slice gets: those that belong to one connection (RFC 9110 section 7.6.1),
 * and Aether's own, which an outsider must not be able to set.
 *
 * @module
 */

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Whether a header, in any case, ends at the gateway. */
export function isReservedHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return hopByHop.has(lower) || lower.startsWith("x-aether-");
}
