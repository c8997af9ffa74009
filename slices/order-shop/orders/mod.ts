/**
 * Places orders: price, stock, money, message. Every step is known by the order's id and can be
 * repeated, so a request that was cut off is completed by sending it again.
 *
 * @module
 */
import { kv, slice, SliceError, z } from "aether";
import { inventory } from "../inventory/contract.ts";
import { payment } from "../payment/contract.ts";
import { pricing } from "../pricing/contract.ts";
import { orders, placed } from "./contract.ts";

const stored = z.object({ customer: z.string(), cents: z.int(), charge: z.string() });

/** What a customer can do something about; all else is the shop's own trouble. */
const refusals = new Set(["SOLD_OUT", "DECLINED", "NO_PRICE"]);

export default slice(orders, {
  needs: { inventory, payment, pricing, placed, kept: kv(stored) },
  create: ({ inventory, payment, pricing, placed, kept }) => ({
    place: async ({ id, customer, items }, call) => {
      const former = await kept.get(id);
      if (former !== undefined) return { id, ...former };
      try {
        const { cents } = await pricing.quote({ items });
        await inventory.reserve({ order: id, items });
        const { charge } = await payment.charge({ order: id, cents });
        await inventory.take({ order: id, items });
        const order = { customer, cents, charge };
        // Before the order is kept: after a failure in between, both are done again.
        await placed.publish({ order: id, customer, cents }, { key: id });
        await kept.put(id, order);
        call.log.info("Placed", { id, cents });
        return { id, ...order };
      } catch (error) {
        if (!(error instanceof SliceError) || !refusals.has(error.code)) throw error;
        await inventory.release({ order: id, items });
        throw orders.errors.REJECTED(error.message, { reason: error.code });
      }
    },
    find: async ({ id }) => {
      const order = await kept.get(id);
      if (order === undefined) throw orders.errors.ORDER_NOT_FOUND(`There is no order "${id}"`);
      return { id, ...order };
    },
  }),
});
