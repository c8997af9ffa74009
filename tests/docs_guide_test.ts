import assert from "node:assert/strict";
import { renderOrderShop } from "../scripts/docs_guide.ts";

Deno.test("docs/guide/order-shop.md shows the files of slices/order-shop", async () => {
  const url = new URL("../docs/guide/order-shop.md", import.meta.url);
  const written = await Deno.readTextFile(url);
  assert.ok(written === await renderOrderShop(), "Run `deno run -A scripts/docs_guide.ts`");
});
