/**
 * Orders of customers, placed under ids that they choose.
 *
 * @module
 */
import { contract, method, topic, z } from "aether";

const order = z.object({
  id: z.string(),
  customer: z.string(),
  cents: z.int(),
  charge: z.string(),
});

/** What happened, for whoever wants to know. */
export const placed = topic(
  "orders.placed",
  z.object({ order: z.string(), customer: z.string(), cents: z.int() }),
);

export const orders = contract("org.example:orders", {
  place: method({
    input: z.object({
      id: z.string().regex(/^[a-z0-9-]{1,60}$/, "Write a-z, 0-9 and -"),
      customer: z.email(),
      items: z.array(z.object({ sku: z.string().min(1).max(40), count: z.int().min(1).max(1_000) }))
        .min(1).max(50),
    }),
    output: order,
    http: "PUT /orders/:id",
    status: 201,
    idempotent: true,
    summary: "Places an order under an id that the customer chooses; it can be repeated",
  }),
  find: method({
    input: z.object({ id: z.string() }),
    output: order,
    http: "GET /orders/:id",
    summary: "Shows an order",
  }),
}, {
  errors: {
    ORDER_NOT_FOUND: { status: 404 },
    REJECTED: { status: 409, data: z.object({ reason: z.string() }) },
  },
});
