import assert from "node:assert/strict";
import { interceptorsOf, isSwitchedOff, methodInterceptorsSchema } from "./interceptors.ts";

Deno.test("interceptorsOf() lets a method win over *, and later sources over earlier ones", () => {
  const declared = methodInterceptorsSchema.parse({
    "*": { metrics: {}, timeout: { afterMs: 1 } },
    get: { timeout: { afterMs: 2 } },
  });
  const added = methodInterceptorsSchema.parse({ "*": { logging: {}, timeout: { afterMs: 3 } } });
  assert.deepEqual(interceptorsOf("get", [declared]), { metrics: {}, timeout: { afterMs: 2 } });
  assert.deepEqual(interceptorsOf("get", [declared, added]), {
    metrics: {},
    timeout: { afterMs: 3 },
    logging: { level: "info" },
  });
  assert.deepEqual(interceptorsOf("toString", [undefined, {}]), {});
});

Deno.test("isSwitchedOff() matches each part, or all with *", () => {
  const isOff = (...patterns: string[]) => isSwitchedOff(patterns, "a:b", "get", "retry");
  assert.ok(isOff("a:b/get/retry"));
  for (const pattern of ["*/get/retry", "a:b/*/retry", "a:b/get/*", "*/*/*"]) {
    assert.ok(isOff(pattern));
  }
  for (const pattern of ["a:c/get/retry", "a:b/put/*", "*/*/metrics"]) assert.ok(!isOff(pattern));
  assert.ok(isOff("x:y/*/*", "a:b/*/*"));
  assert.ok(!isOff());
});

Deno.test("methodInterceptorsSchema fills in defaults and refuses what it does not know", () => {
  const { get } = methodInterceptorsSchema.parse({
    get: { circuitBreaker: {}, rateLimit: {}, bulkhead: {} },
  });
  assert.deepEqual(get, {
    circuitBreaker: { failures: 5, resetMs: 30_000 },
    rateLimit: { maxRequests: 100, windowMs: 60_000 },
    bulkhead: { maxConcurrent: 10, maxQueued: 0 },
  });
  for (const wrong of [{ cache: {} }, { timeout: {} }, { retry: { maxAttempts: 1 } }]) {
    assert.ok(!methodInterceptorsSchema.safeParse({ get: wrong }).success);
  }
});
