/**
 * What things cost: prices by item, and quotes for lists of items.
 *
 * @module
 */
import { contract, method, z } from "aether";

const sku = z.string().min(1).max(40);

/** One line of an order. */
export const item = z.object({ sku, count: z.int().min(1).max(1_000) });

export const pricing = contract("org.example:pricing", {
  setPrice: method({
    input: z.object({ sku, cents: z.int().min(0).max(100_000_000) }),
    output: z.object({ sku: z.string(), cents: z.int() }),
    http: "PUT /prices/:sku",
    idempotent: true,
    summary: "Sets what one piece costs",
  }),
  quote: method({
    input: z.object({ items: z.array(item).min(1).max(50) }),
    output: z.object({ cents: z.int() }),
    http: "POST /quotes",
    idempotent: true,
    summary: "Says what a list of items costs",
  }),
}, {
  errors: { NO_PRICE: { status: 422, data: z.object({ sku: z.string() }) } },
});
