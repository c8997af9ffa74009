import assert from "node:assert/strict";
import { Throttle } from "./throttle.ts";

Deno.test("Throttle lets pass what its rate allows, and makes up for a debt", () => {
  const throttle = new Throttle(1_000);
  assert.ok(throttle.isOpen(0));
  throttle.take(1_500);
  assert.ok(!throttle.isOpen(0));
  assert.ok(!throttle.isOpen(500));
  assert.ok(throttle.isOpen(501));
});

Deno.test("Throttle never saves more than one second", () => {
  const throttle = new Throttle(1_000);
  throttle.isOpen(0);
  throttle.isOpen(60_000);
  throttle.take(1_000);
  assert.ok(!throttle.isOpen(60_000));
});
