/**
 * Stock in the replicated store. Each item is one entry, changed by compare-and-set, and knows for
 * which orders pieces are kept: so every step can be repeated.
 *
 * @module
 */
import { kv, slice, SliceError, z } from "aether";
import { inventory } from "./contract.ts";

const shelf = z.object({ count: z.int(), kept: z.record(z.string(), z.int()) });
type Shelf = z.output<typeof shelf>;

const attemptsMax = 50;

export default slice(inventory, {
  needs: { shelves: kv(shelf) },
  create: ({ shelves }) => {
    /** Changes an item; again from the start when somebody else was faster. */
    async function change(sku: string, make: (now: Shelf) => Shelf): Promise<Shelf> {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const entry = await shelves.entry(sku);
        const next = make(entry?.value ?? { count: 0, kept: {} });
        try {
          await shelves.put(sku, next, { ifRevision: entry?.revision ?? 0 });
          return next;
        } catch (error) {
          if (!(error instanceof SliceError) || error.code !== "KV_CONFLICT") throw error;
        }
      }
      throw new SliceError("STOCK_BUSY", `"${sku}" changes too often: try again`, { status: 503 });
    }
    return {
      setStock: async ({ sku, count }) => {
        return { sku, free: freeOf(await change(sku, (now) => ({ ...now, count }))) };
      },
      stock: async ({ sku }) => {
        const now = await shelves.get(sku) ?? { count: 0, kept: {} };
        return { sku, count: now.count, free: freeOf(now) };
      },
      reserve: async ({ order, items }) => {
        for (const { sku, count } of items) {
          await change(sku, (now) => {
            const free = freeOf(now) + (now.kept[order] ?? 0);
            if (free < count) {
              throw inventory.errors.SOLD_OUT(`Only ${free} of "${sku}" are free`, { sku, free });
            }
            return { ...now, kept: { ...now.kept, [order]: count } };
          });
        }
        return {};
      },
      release: async ({ order, items }) => {
        for (const { sku } of items) await change(sku, (now) => without(now, order, false));
        return {};
      },
      take: async ({ order, items }) => {
        for (const { sku } of items) await change(sku, (now) => without(now, order, true));
        return {};
      },
    };
  },
});

function freeOf({ count, kept }: Shelf): number {
  return count - Object.values(kept).reduce((sum, each) => sum + each, 0);
}

function without({ count, kept }: Shelf, order: string, isTaken: boolean): Shelf {
  const { [order]: own = 0, ...others } = kept;
  return { count: isTaken ? count - own : count, kept: others };
}
