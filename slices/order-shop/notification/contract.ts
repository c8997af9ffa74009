/**
 * Tells customers what became of their orders.
 *
 * @module
 */
import { contract, method, z } from "aether";

export const notification = contract("org.example:notification", {
  sent: method({
    input: z.object({ order: z.string() }),
    output: z.object({ customer: z.string(), text: z.string() }),
    http: "GET /notifications/:order",
    summary: "Shows what was written about an order",
  }),
}, {
  errors: { NOT_SENT: { status: 404 } },
});
