/**
 * The analytics slice: visits per link, kept in the replicated store.
 *
 * @module
 */
import { kv, slice, SliceError, z } from "aether";
import { analytics } from "./contract.ts";

const attemptsMax = 20;

export default slice(analytics, {
  needs: { visits: kv(z.int()) },
  create: ({ visits }) => ({
    async record({ code }) {
      // Instances count at the same time: whoever read an old revision tries again.
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const entry = await visits.entry(code);
        const next = (entry?.value ?? 0) + 1;
        try {
          await visits.put(code, next, { ifRevision: entry?.revision ?? 0 });
          return { visits: next };
        } catch (error) {
          if (!(error instanceof SliceError) || error.code !== "KV_CONFLICT") throw error;
        }
      }
      throw new SliceError("BUSY", `Link ${code} is followed too often at once`, { status: 503 });
    },
    async stats({ code }) {
      return { code, visits: await visits.get(code) ?? 0 };
    },
  }),
});
