/**
 * What is in stock, and for whom it is kept.
 *
 * @module
 */
import { contract, method, z } from "aether";

const sku = z.string().min(1).max(40);
const items = z.array(z.object({ sku, count: z.int().min(1).max(1_000) })).min(1).max(50);
const order = z.string().min(1).max(60);

export const inventory = contract("org.example:inventory", {
  setStock: method({
    input: z.object({ sku, count: z.int().min(0).max(1_000_000) }),
    output: z.object({ sku: z.string(), free: z.int() }),
    http: "PUT /stock/:sku",
    idempotent: true,
    summary: "Sets how many pieces there are",
  }),
  stock: method({
    input: z.object({ sku }),
    output: z.object({ sku: z.string(), count: z.int(), free: z.int() }),
    http: "GET /stock/:sku",
    summary: "Says how many pieces there are, and how many are free",
  }),
  reserve: method({
    input: z.object({ order, items }),
    output: z.object({}),
    idempotent: true,
    summary: "Keeps items for an order; again for the same order changes nothing",
  }),
  release: method({
    input: z.object({ order, items }),
    output: z.object({}),
    idempotent: true,
    summary: "Gives back what was kept for an order",
  }),
  take: method({
    input: z.object({ order, items }),
    output: z.object({}),
    idempotent: true,
    summary: "Takes what was kept for an order out of the stock",
  }),
}, {
  errors: { SOLD_OUT: { status: 409, data: z.object({ sku: z.string(), free: z.int() }) } },
});
