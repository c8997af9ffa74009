/**
 * What changes for the operator between two versions of a slice: permissions, tier and limits.
 *
 * Pure. `aether slice permissions` shows it.
 *
 * @module
 */
import type { Manifest, Permissions } from "./manifest.ts";

/** Kinds of permissions in the order in which they are shown. */
const permissionKinds = ["net", "read", "write", "env", "sys", "run", "ffi"] as const;

/** One permission of a manifest. */
export interface PermissionEntry {
  readonly kind: typeof permissionKinds[number];
  readonly entry: string;
}

/** One difference; `widens` when the newer one can do more. */
export interface PermissionChange {
  /** For example `net` or `limits.heapMb`. */
  readonly what: string;
  /** Empty when it was not there. */
  readonly before: string;
  /** Empty when it is no longer there. */
  readonly after: string;
  readonly widens: boolean;
}

type Asking = Pick<Manifest, "permissions" | "limits" | "sandbox">;

/** Every permission as an entry of its own. */
export function permissionEntries(permissions: Permissions): PermissionEntry[] {
  return permissionKinds.flatMap((kind) =>
    [...permissions[kind] ?? []].sort().map((entry) => ({ kind, entry }))
  );
}

/** What `after` asks for that `before` did not, and the other way round. */
export function permissionChanges(before: Asking, after: Asking): PermissionChange[] {
  const changes: PermissionChange[] = [];
  for (const kind of permissionKinds) {
    const [old, now] = [before, after].map((each) => new Set(each.permissions[kind] ?? []));
    for (const entry of [...now ?? []].sort()) {
      if (!old?.has(entry)) changes.push({ what: kind, before: "", after: entry, widens: true });
    }
    for (const entry of [...old ?? []].sort()) {
      if (!now?.has(entry)) changes.push({ what: kind, before: entry, after: "", widens: false });
    }
  }
  const [oldTier, newTier] = [before, after].map((each) => each.sandbox?.tier ?? "worker");
  if (oldTier !== newTier) {
    changes.push({
      what: "sandbox.tier",
      before: oldTier ?? "",
      after: newTier ?? "",
      widens: newTier === "worker",
    });
  }
  for (const limit of ["heapMb", "concurrency"] as const) {
    const [old, now] = [before.limits[limit], after.limits[limit]];
    if (old === now) continue;
    changes.push({ what: `limits.${limit}`, before: `${old}`, after: `${now}`, widens: now > old });
  }
  return changes;
}
