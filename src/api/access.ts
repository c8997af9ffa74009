/**
 * Who may call the management API: host names, API keys and roles.
 *
 * Keys are compared by their SHA-256 in constant time. Without configured keys the listener is on
 * loopback (the configuration sees to that) and every local caller is an admin.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
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

  constructor(config: Config["management"]) {
    this.#keys = config.keys.map(({ name, role, sha256 }) => ({
      principal: { name, role },
      digest: Uint8Array.from(sha256.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
    }));
    this.#hosts = new Set(
      ["localhost", "127.0.0.1", "[::1]", config.host, ...config.hosts].map((host) =>
        host.toLowerCase()
      ),
    );
  }

  /**
   * Refuses a Host header that names somebody else, which is how a web page reaches a local port
   * under its own name (DNS rebinding). A valid key proves that no browser was tricked.
   *
   * @throws {AetherError} HOST_REFUSED.
   */
  checkHost(host: string | null | undefined, principal: Principal): void {
    const name = (host ?? "").toLowerCase().replace(/:\d{1,5}$/, "");
    if (this.#hosts.has(name) || (this.#keys.length > 0 && principal !== anonymous)) return;
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

const acceptedTypes = [
  "application/json",
  "application/toml",
  "application/octet-stream",
  "application/zip",
  "text/plain",
];

/**
 * Refuses content types that an HTML form can send across sites without asking.
 *
 * `text/plain` is such a type, so without a key it also needs a header that no form can set.
 *
 * @throws {AetherError} CONTENT_TYPE_REFUSED.
 */
export function checkContentType(headers: Headers): void {
  if (headers.has("authorization")) return;
  const type = (headers.get("content-type") ?? "application/octet-stream").split(";", 1)[0]?.trim()
    .toLowerCase() ?? "";
  const crossSite = headers.get("sec-fetch-site");
  const isForeign = crossSite !== null && crossSite !== "same-origin" && crossSite !== "none";
  const isAccepted = acceptedTypes.includes(type) || !formTypes.has(type);
  if (isAccepted && !isForeign) return;
  throw new AetherError(
    "CONTENT_TYPE_REFUSED",
    isForeign
      ? "A request that another site's page sends needs an API key"
      : `Content type "${type}" is not accepted: send ${acceptedTypes.join(", ")}`,
  );
}

const formTypes = new Set(["application/x-www-form-urlencoded", "multipart/form-data"]);
