/**
 * A bank to try the shop with: it runs on a node of its own, outside the shop's cluster.
 *
 * @module
 */
import { contract, method, z } from "aether";

export const bank = contract("org.example:bank", {
  charge: method({
    input: z.object({ order: z.string(), cents: z.int() }),
    output: z.object({ id: z.string() }),
    http: "POST /charges",
    idempotent: true,
  }),
}, {
  errors: { LIMIT_EXCEEDED: { status: 402 } },
});
