/**
 * Who may call the management API: host names, API keys and roles.
 *
 * Keys are compared by their SHA-256 in constant time. Without configured keys the listener is on
 * loopback (the configuration sees to that) and every local caller is an admin.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { AetherError } from "../base/errors.ts";
import { type Role, roleAllows } from "../protocol/api/row.ts";
import type { Config } from "../protocol/config/config.ts";

/** Who calls. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
}

interface Key {
  readonly principal: Principal;
  readonly digest: Uint8Array;
}

const bearerPattern = /^Bearer +([^\s]{1,512})$/i;
const anonymous: Principal = { name: "anonymous", role: "public" };
const local: Principal = { name: "local", role: "admin" };

/** Decides about each request before its handler runs. */
export class Access {
  readonly #keys: readonly Key[];
  readonly #hosts: ReadonlySet<string>;
  /** Whether every address of this machine is one of the node's. */
  readonly #isEverywhere: boolean;

  constructor(config: Config["management"]) {
    this.#keys = config.keys.map(({ name, role, sha256 }) => ({
      principal: { name, role },
      digest: Uint8Array.from(sha256.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
    }));
    this.#isEverywhere = config.host === "0.0.0.0" || config.host === "::";
    this.#hosts = new Set(
      ["localhost", "127.0.0.1", "::1", config.host, ...config.hosts].map(hostText),
    );
  }

  /**
   * Refuses a Host header that names somebody else, which is how a web page reaches a local port
   * under its own name (DNS rebinding). A valid key proves that no browser was tricked; an address
   * cannot be pointed elsewhere as a name can, so a node that listens everywhere takes any.
   *
   * @throws {AetherError} HOST_REFUSED.
   */
  checkHost(host: string | null | undefined, principal: Principal): void {
    const name = (host ?? "").toLowerCase().replace(/:\d{1,5}$/, "");
    if (this.#hosts.has(name) || (this.#keys.length > 0 && principal !== anonymous)) return;
    if (this.#isEverywhere && isIP(name.replace(/^\[(.*:.*)\]$/, "$1")) !== 0) return;
    throw new AetherError("HOST_REFUSED", `Host "${host ?? ""}" is not a name of this node`);
  }

  /**
   * The principal of an Authorization header.
   *
   * @throws {AetherError} UNAUTHENTICATED when the header is there but its key is not known.
   */
  authenticate(header: string | null | undefined): Principal {
    if (this.#keys.length === 0) return local;
    if (header === null || header === undefined) return anonymous;
    const token = bearerPattern.exec(header)?.[1];
    if (token === undefined) {
      throw new AetherError("UNAUTHENTICATED", "The Authorization header is not `Bearer KEY`");
    }
    const digest = createHash("sha256").update(token).digest();
    // Every key is compared, so the time tells nothing about which one is close.
    const found = this.#keys.filter((key) => timingSafeEqual(key.digest, digest))[0];
    if (found === undefined) throw new AetherError("UNAUTHENTICATED", "The API key is not known");
    return found.principal;
  }

  /**
   * Refuses a principal whose role does not suffice.
   *
   * @throws {AetherError} UNAUTHENTICATED without a key, FORBIDDEN with one.
   */
  authorize(principal: Principal, need: Role): void {
    if (roleAllows(principal.role, need)) return;
    if (principal.role === "public") {
      throw new AetherError("UNAUTHENTICATED", `This needs an API key with the role ${need}`);
    }
    throw new AetherError(
      "FORBIDDEN",
      `Key "${principal.name}" has the role ${principal.role}; this needs ${need}`,
    );
  }
}

/** A host as the Host header writes it: IPv6 addresses have brackets there. */
function hostText(host: string): string {
  return (host.includes(":") ? `[${host}]` : host).toLowerCase();
}

const advisedTypes = [
  "application/json",
  "application/toml",
  "application/octet-stream",
  "text/plain",
];
/** What an HTML form can send; no client of ours does. */
const formTypes = new Set(["application/x-www-form-urlencoded", "multipart/form-data"]);

/**
 * Refuses writes that a page of another site could make a browser send without asking.
 *
 * Browsers name the page's site in headers that the page cannot change; other programs send none
 * of them. A request with an Authorization header is never sent unasked.
 *
 * @throws {AetherError} CONTENT_TYPE_REFUSED.
 */
export function checkContentType(headers: Headers): void {
  if (headers.has("authorization")) return;
  if (isForeign(headers)) {
    throw new AetherError(
      "CONTENT_TYPE_REFUSED",
      "A request that another site's page sends needs an API key",
    );
  }
  const type = headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!formTypes.has(type)) return;
  throw new AetherError(
    "CONTENT_TYPE_REFUSED",
    `Content type "${type}" is not accepted: send ${advisedTypes.join(", ")}`,
  );
}

function isForeign(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  // Older browsers. A proxy may have ended TLS, so the scheme does not count.
  const origin = headers.get("origin");
  return origin !== null && origin.replace(/^https?:\/\//, "") !== headers.get("host");
}
