/**
 * Addresses of management APIs as people write them: `host`, `host:port` or a URL.
 *
 * The client and the command line call it. It resolves no names and opens nothing.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";

/** Port of the management API when an address names none. */
const managementPortDefault = 8080;

/**
 * The origin that an address means, e.g. `http://127.0.0.1:8080`.
 *
 * Without a scheme it is http, without a scheme and a port it is port 8080.
 *
 * @throws {AetherError} USAGE naming the address
 *
 * @example
 * ```ts
 * import { parseAddress } from "./address.ts";
 * console.assert(parseAddress("node-1") === "http://node-1:8080");
 * ```
 */
export function parseAddress(address: string): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(address);
  const url = URL.parse(hasScheme ? address : `http://${address}`);
  if (url === null || url.hostname === "") {
    throw invalid(address, "is not a host and a port; write for example 127.0.0.1:8080");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw invalid(address, "has a scheme other than http and https; write https://HOST:PORT");
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid(url.host, "came with a user name; give the API key in AETHER_TOKEN instead");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw invalid(address, `has something after the port; write ${url.origin}`);
  }
  const hasPort = /:\d+\/?$/.test(address);
  if (!hasScheme && !hasPort) url.port = String(managementPortDefault);
  return url.origin;
}

function invalid(address: string, problem: string): AetherError {
  return new AetherError("USAGE", `Address ${JSON.stringify(address)} ${problem}`, {
    hint: "Correct --connect or AETHER_ADDR",
  });
}
