/**
 * Takes money, through a bank outside the cluster.
 *
 * @module
 */
import { contract, method, z } from "aether";

export const payment = contract("org.example:payment", {
  charge: method({
    input: z.object({ order: z.string().min(1).max(60), cents: z.int().min(0) }),
    output: z.object({ charge: z.string() }),
    idempotent: true,
    timeoutMs: 10_000,
    summary: "Charges an order, once",
  }),
}, {
  errors: {
    DECLINED: { status: 402, data: z.object({ reason: z.string() }) },
    BANK_DOWN: { status: 503 },
  },
});
