import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { checksumsOf } from "./checksums.ts";

Deno.test("checksumsOf() gives the checksums of the whole, and lets others run meanwhile", async () => {
  const bytes = new Uint8Array(3 * 1024 * 1024 + 5).map((_, index) => index);
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setTimeout(count, 0);
  };
  count();
  const found = await checksumsOf(bytes);
  isOver = true;
  for (const [name, value] of Object.entries(found)) {
    assert.equal(value, createHash(name).update(bytes).digest("hex"));
  }
  assert.ok(turns > 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
});
