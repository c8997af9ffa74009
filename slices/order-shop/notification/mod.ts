/**
 * Writes to customers when an order is placed: into an outbox, in place of a mail server.
 *
 * @module
 */
import { kv, slice, subscribe, z } from "aether";
import { placed } from "../orders/contract.ts";
import { notification } from "./contract.ts";

export default slice(notification, {
  needs: { outbox: kv(z.object({ customer: z.string(), text: z.string() })) },
  subscriptions: { onPlaced: subscribe(placed) },
  create: ({ outbox }) => ({
    onPlaced: async ({ order, customer }, call) => {
      // A message can come more than once.
      if (await outbox.get(order) !== undefined) return;
      await outbox.put(order, { customer, text: `Your order ${order} is placed` });
      call.log.info("Written to a customer", { order });
    },
    sent: async ({ order }) => {
      const letter = await outbox.get(order);
      if (letter === undefined) {
        throw notification.errors.NOT_SENT(`Nothing was written about "${order}"`);
      }
      return letter;
    },
  }),
});
