/**
 * The names under which the locks of slices stand among those of the cluster.
 *
 * @module
 */
import { keys, slicePrefix } from "../../protocol/keys.ts";
import { checkUserKey } from "../../protocol/store/user_key.ts";

/**
 * The cluster's name for a slice's lock: `slice/{group:name}/{name}`.
 *
 * @throws {AetherError} KEY_INVALID when the name is none.
 */
export function lockNameOf(artifactBase: string, name: string): string {
  const prefix = `${slicePrefix}${artifactBase}/`;
  checkUserKey(name, keys.lock.prefix + prefix);
  return prefix + name;
}
