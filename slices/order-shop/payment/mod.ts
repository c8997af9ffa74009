/**
 * Charges at the bank that the operator configures as `[resources.bank]`.
 *
 * @module
 */
import { http, kv, slice, z } from "aether";
import { payment } from "./contract.ts";

const accepted = z.object({ id: z.string() });
const refused = z.object({ detail: z.string() });

export default slice(payment, {
  needs: { bank: http("bank"), charges: kv(z.object({ charge: z.string(), cents: z.int() })) },
  create: ({ bank, charges }) => ({
    charge: async ({ order, cents }, call) => {
      const former = await charges.get(order);
      if (former !== undefined) return { charge: former.charge };
      const answer = await bank.post("/charges", {
        json: { order, cents },
        // The bank knows the order, so it may be asked again.
        idempotent: true,
        timeoutMs: Math.max(1, call.remainingMs - 500),
      });
      if (answer.status === 402) {
        const { detail } = refused.parse(answer.json());
        throw payment.errors.DECLINED(`The bank declined: ${detail}`, { reason: detail });
      }
      if (!answer.ok) throw payment.errors.BANK_DOWN(`The bank answered ${answer.status}`);
      const { id } = accepted.parse(answer.json());
      await charges.put(order, { charge: id, cents });
      return { charge: id };
    },
  }),
});
