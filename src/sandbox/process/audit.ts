/**
 * Audit mode: reads the runtime's record of every permission that was asked for, and finds what the
 * manifest does not.
 *
 * @module
 */
import type { Permissions } from "../../protocol/slice/manifest.ts";

const kinds = ["net", "read", "write", "env", "sys", "run", "ffi"] as const;
type Kind = typeof kinds[number];
/** Different findings that are kept apart; more say nothing new. */
const findingsMax = 500;

/** A permission that the manifest does not ask for. */
export interface AuditFinding {
  readonly kind: Kind;
  readonly value: string;
  /** The line of slice.toml that would allow it. */
  readonly allow: string;
}

/** Takes the lines of the record as they come; each finding comes out once. */
export class Audit {
  readonly #permissions: Permissions;
  readonly #ownFolder: string;
  readonly #seen = new Set<string>();

  /** What lies in `ownFolder` is read by the host itself. */
  constructor(permissions: Permissions, ownFolder: string) {
    this.#permissions = permissions;
    this.#ownFolder = ownFolder;
  }

  /** What a line says that is new and not covered; undefined for all others. */
  read(line: string): AuditFinding | undefined {
    const { kind, value } = parse(line);
    if (kind === undefined || this.#seen.size >= findingsMax) return undefined;
    const key = `${kind} ${value}`;
    if (this.#seen.has(key) || this.#isCovered(kind, value)) return undefined;
    this.#seen.add(key);
    const all = [...this.#permissions[kind] ?? [], value].map((each) => JSON.stringify(each));
    return { kind, value, allow: `[permissions] ${kind} = [${all.join(", ")}]` };
  }

  #isCovered(kind: Kind, value: string): boolean {
    const granted = this.#permissions[kind] ?? [];
    switch (kind) {
      case "net":
        // A request is recorded twice, as its URL and as host and port.
        return value.includes("://") ||
          granted.some((entry) => value === entry || value.startsWith(`${entry}:`));
      case "read":
      case "write":
        return isBelow(value, this.#ownFolder) || granted.some((entry) => isBelow(value, entry));
      default:
        return granted.includes(value);
    }
  }
}

function isBelow(path: string, folder: string): boolean {
  const base = folder.replace(/\/+$/, "");
  return base !== "" && (path === base || path.startsWith(`${base}/`));
}

function parse(line: string): { readonly kind?: Kind; readonly value: string } {
  try {
    const { permission, value } = JSON.parse(line) as { permission?: unknown; value?: unknown };
    const kind = kinds.find((each) => each === permission);
    if (kind !== undefined && typeof value === "string") return { kind, value };
  } catch {
    // A line that is still being written.
  }
  return { value: "" };
}
