import assert from "node:assert/strict";
import { type Role, roleAllows } from "./row.ts";

Deno.test("roleAllows() lets each role do what the roles before it may", () => {
  const order: Role[] = ["public", "viewer", "operator", "admin"];
  for (const [have, own] of order.entries()) {
    for (const [need, other] of order.entries()) {
      assert.equal(roleAllows(own, other), have >= need, `${own} for ${other}`);
    }
  }
});
