/**
 * Takes every amount up to a limit.
 *
 * @module
 */
import { slice } from "aether";
import { bank } from "./contract.ts";

const limitCents = 10_000;

export default slice(bank, {
  create: () => ({
    charge: ({ order, cents }) => {
      if (cents > limitCents) throw bank.errors.LIMIT_EXCEEDED("The amount is over the limit");
      return { id: `charge-${order}` };
    },
  }),
});
