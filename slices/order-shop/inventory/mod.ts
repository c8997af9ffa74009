/**
 * Stock in the replicated store. Each item is one entry, changed by compare-and-set, and knows for
 * which orders pieces are kept: so every step can be repeated. What an order neither takes nor
 * gives back is free again after half an hour.
 *
 * @module
 */
import { every, kv, slice, SliceError, z } from "aether";
import { inventory } from "./contract.ts";

const shelf = z.object({
  count: z.int(),
  kept: z.record(z.string(), z.int()),
  /** Orders for which something was kept at the last look, and the fire that looked. */
  old: z.array(z.string()),
  look: z.string(),
});
type Shelf = z.output<typeof shelf>;

const empty: Shelf = { count: 0, kept: {}, old: [], look: "" };

const attemptsMax = 50;

export default slice(inventory, {
  needs: { shelves: kv(shelf) },
  schedules: { expire: every("15m") },
  create: ({ shelves }) => {
    /** Changes an item; again from the start when somebody else was faster. */
    async function change(sku: string, make: (now: Shelf) => Shelf): Promise<Shelf> {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const entry = await shelves.entry(sku);
        const next = make(entry?.value ?? empty);
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
        const now = await shelves.get(sku) ?? empty;
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
      expire: async ({ id }, call) => {
        for (const { key: sku, value } of await shelves.list()) {
          if (Object.keys(value.kept).length > 0) await change(sku, (now) => expired(now, id));
        }
        call.log.debug("Looked for what nobody takes", { id });
      },
    };
  },
});

function freeOf({ count, kept }: Shelf): number {
  return count - Object.values(kept).reduce((sum, each) => sum + each, 0);
}

function without(shelf: Shelf, order: string, isTaken: boolean): Shelf {
  const { [order]: own = 0, ...others } = shelf.kept;
  return { ...shelf, count: isTaken ? shelf.count - own : shelf.count, kept: others };
}

/** Without what was there at the last look too; the same fire, attempted again, changes nothing. */
function expired(now: Shelf, look: string): Shelf {
  if (now.look === look) return now;
  const kept = Object.entries(now.kept).filter(([order]) => !now.old.includes(order));
  return { ...now, kept: Object.fromEntries(kept), old: kept.map(([order]) => order), look };
}
