/**
 * Prices in the replicated store.
 *
 * @module
 */
import { kv, slice, z } from "aether";
import { pricing } from "./contract.ts";

export default slice(pricing, {
  needs: { prices: kv(z.int()) },
  create: ({ prices }) => ({
    setPrice: async ({ sku, cents }) => {
      await prices.put(sku, cents);
      return { sku, cents };
    },
    quote: async ({ items }) => {
      let cents = 0;
      for (const { sku, count } of items) {
        const price = await prices.get(sku);
        if (price === undefined) throw pricing.errors.NO_PRICE(`"${sku}" has no price`, { sku });
        cents += price * count;
      }
      return { cents };
    },
  }),
});
