/**
 * The operator's ceiling on what slices may be granted, `[sandbox.max]`.
 *
 * Compares the permissions of a manifest with it before anything is deployed. Granting and
 * enforcing them is the sandbox's task, also for names that resolve to forbidden addresses.
 *
 * @module
 */
import { AetherError, type Issue } from "../base/errors.ts";
import type { Manifest, Permissions } from "../protocol/slice/manifest.ts";

/** The most that any slice may be granted. */
export interface Ceiling {
  /** `host`, `host:port`, or `*` for every named host. */
  readonly net: readonly string[];
  /** Absolute paths; what is below them is included. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Names of variables; those that start with AETHER_ are refused whatever stands here. */
  readonly env: readonly string[];
  /** Names of `Deno.systemInfo` kinds. */
  readonly sys: readonly string[];
  readonly run: boolean;
  readonly ffi: boolean;
  /** Most heap of an instance in MiB. @default {no limit} */
  readonly heapMb?: number;
  /** Hosts of the cluster's own nodes, refused whatever stands in `net`. @default {[]} */
  readonly clusterHosts?: readonly string[];
}

type Kind = keyof Permissions;

const kinds = ["net", "read", "write", "env", "sys", "run", "ffi"] as const satisfies Kind[];

/** What the manifest asks for and may not get; empty when all is allowed. */
export function checkCeiling(manifest: Manifest, ceiling: Ceiling): Issue[] {
  const { heapMb } = manifest.limits;
  const heap = heapMb <= (ceiling.heapMb ?? heapMb) ? [] : [{
    path: "limits.heapMb",
    message: `${manifest.artifact} asks for heapMb = ${heapMb}, but the operator allows ` +
      `${ceiling.heapMb}: lower heapMb under [limits] in slice.toml, or raise heapMb under ` +
      "[sandbox]",
  }];
  return kinds.flatMap<Issue>((kind) =>
    (manifest.permissions[kind] ?? []).flatMap((entry) => {
      const refusal = refusalOf(kind, entry, ceiling);
      if (refusal === undefined) return [];
      const message = `${manifest.artifact} asks for ${kind} "${entry}", ${refusal}`;
      return [{ path: `permissions.${kind}`, message }];
    })
  ).concat(heap);
}

/**
 * Refuses manifests that ask for more than the ceiling.
 *
 * @throws {AetherError} PERMISSION_REFUSED with every refused entry and its fix.
 */
export function requireCeiling(manifests: Iterable<Manifest>, ceiling: Ceiling): void {
  const issues = [...manifests].flatMap((manifest) => checkCeiling(manifest, ceiling));
  if (issues.length === 0) return;
  const rest = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
  throw new AetherError("PERMISSION_REFUSED", `${issues[0]?.message}${rest}`, { issues });
}

function refusalOf(kind: Kind, entry: string, ceiling: Ceiling): string | undefined {
  const drop = `remove it from ${kind} under [permissions] in slice.toml`;
  const allow = `which the operator does not allow: ${drop}, or add it to ${kind} under ` +
    `[sandbox.max]`;
  switch (kind) {
    case "net": {
      const never = neverReachable(entry, ceiling.clusterHosts ?? []);
      if (never !== undefined) return `${never}: ${drop}`;
      return ceiling.net.some((allowed) => netAllows(allowed, entry)) ? undefined : allow;
    }
    case "read":
    case "write":
      return ceiling[kind].some((allowed) => pathAllows(allowed, entry)) ? undefined : allow;
    case "env":
      if (/^AETHER_/i.test(entry)) return `a variable of the node itself: ${drop}`;
      return ceiling.env.includes(entry) ? undefined : allow;
    case "sys":
      return ceiling.sys.includes(entry) ? undefined : allow;
    case "run":
    case "ffi":
      return ceiling[kind]
        ? undefined
        : `which the operator does not allow: ${drop}, or set ${kind} = true under [sandbox.max]`;
  }
}

interface HostPort {
  /** As browsers write it: lower case, addresses in their usual form. */
  readonly host: string;
  readonly port: string | undefined;
}

function parseHostPort(entry: string): HostPort | undefined {
  const match = /^(\[[^\]]*\]|[^:[\]/?#@\s\\%]+)(?::(\d{1,5}))?$/.exec(entry);
  if (match === null) return undefined;
  try {
    // The parser of URLs also reads the odd forms of addresses, such as 0x7f.1 and 2130706433.
    const { hostname } = new URL(`http://${match[1]}/`);
    const host = hostname.replace(/\.$/, "");
    return host === "" ? undefined : { host, port: match[2] };
  } catch {
    return undefined;
  }
}

const neverHosts: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^(.*\.)?(localhost|localdomain)$/, "a name of the node itself"],
  [/^ip6-(localhost|loopback)$/, "a name of the node itself"],
  [/^127\./, "a loopback address"],
  [/^0\./, "an address of the node itself"],
  [/^169\.254\./, "a link-local address, where clouds keep their metadata"],
  [/^\[::1?\]$/, "a loopback address"],
  [/^\[fe[89ab][0-9a-f]:/, "a link-local address"],
  [/^\[fd00:ec2::254\]$/, "a cloud's metadata address"],
  [/^metadata\.google\.internal$/, "a cloud's metadata address"],
];

/** Why no ceiling lets a slice itself reach an entry, or undefined. */
export function neverReachable(entry: string, clusterHosts: readonly string[]): string | undefined {
  const parsed = parseHostPort(entry);
  if (parsed === undefined || parsed.host.includes("*")) {
    return "which names no single host; write host:port";
  }
  const mapped = embeddedIpv4(parsed.host);
  for (const host of mapped === undefined ? [parsed.host] : [parsed.host, mapped]) {
    const found = neverHosts.find(([pattern]) => pattern.test(host));
    if (found !== undefined) return found[1];
    if (clusterHosts.some((own) => parseHostPort(own)?.host === host)) {
      return "an address of this cluster";
    }
  }
  return undefined;
}

/** The IPv4 address inside `::ffff:a:b` and `64:ff9b::a:b`. */
function embeddedIpv4(host: string): string | undefined {
  const match = /^\[(?:::(?:ffff:)?|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host);
  if (match === null) return undefined;
  const [high, low] = [parseInt(match[1] ?? "", 16), parseInt(match[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^[\d.]+$/.test(host);
}

/** Whether an entry of a list of `host` and `host:port` allows another one. */
export function netAllows(allowed: string, entry: string): boolean {
  const wanted = parseHostPort(entry);
  if (wanted === undefined) return false;
  if (allowed === "*") return !isAddress(wanted.host);
  const granted = parseHostPort(allowed);
  return granted !== undefined && granted.host === wanted.host &&
    (granted.port === undefined || granted.port === wanted.port);
}

function pathAllows(allowed: string, entry: string): boolean {
  const [granted, wanted] = [allowed.split("/"), entry.split("/")];
  const isPlain = entry.startsWith("/") && !wanted.includes("..") && !wanted.includes(".");
  if (!isPlain) return false;
  while (granted.length > 1 && granted.at(-1) === "") granted.pop();
  return granted.every((part, index) => wanted[index] === part);
}
