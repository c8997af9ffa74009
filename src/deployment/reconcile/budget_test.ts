import assert from "node:assert/strict";
import { Budget } from "./budget.ts";

Deno.test("Budget.take() never leaves less than the minimum, whoever takes", () => {
  const budget = new Budget(5, 2);
  assert.equal(budget.take(2), 2);
  assert.equal(budget.take(2), 1);
  assert.equal(budget.take(1), 0);
  assert.equal(new Budget(1, 3).take(1), 0);
});
