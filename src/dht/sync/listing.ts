/**
 * What the own storage has in a range of keys of a partition, page by page.
 *
 * @module
 */
import { dhtLimits } from "../../protocol/dht/entry.ts";
import type { Version } from "../../protocol/dht/version.ts";
import type { Core } from "../core.ts";
import { bucketCount } from "../digest.ts";
import type { Unit } from "../views.ts";

/** All buckets of a partition. */
export const allBuckets: readonly number[] = Array.from({ length: bucketCount }, (_, i) => i);

/** Lists the versions of the keys from one to another; undefined when the storage fails. */
export function listRange(
  core: Core,
  unit: Unit,
  range: { readonly from: string; readonly to: string },
  then: (versions: ReadonlyMap<string, Version> | undefined) => void,
  tombstonesOnly = false,
): void {
  const versions = new Map<string, Version>();
  const next = (after: string): void => {
    core.store({
      ...{ op: "list", ...unit, buckets: allBuckets, after },
      ...{ limit: dhtLimits.listedMax, tombstonesOnly },
    }, (reply) => {
      if (reply.op !== "list") return then(undefined);
      for (const { key, version } of reply.listed) versions.set(key, version);
      const last = reply.listed.at(-1)?.key;
      if (reply.isLast || last === undefined || last >= range.to) then(versions);
      else next(last);
    });
  };
  next(before(range.from));
}

/** A text that comes before another one, and after everything that is much smaller. */
function before(text: string): string {
  // Without its last unit a text is the greatest one that surely comes before it.
  return text.slice(0, -1);
}
