/**
 * An outbox in the replicated store, in place of a mail server.
 *
 * @module
 */
import { kv, slice, z } from "aether";
import { notification } from "./contract.ts";

export default slice(notification, {
  needs: { outbox: kv(z.object({ customer: z.string(), text: z.string() })) },
  create: ({ outbox }) => ({
    notify: async ({ order, customer, text }, call) => {
      if (await outbox.get(order) !== undefined) return {};
      await outbox.put(order, { customer, text });
      call.log.info("Written to a customer", { order });
      return {};
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
