import assert from "node:assert/strict";
import { callsSection } from "./calls.ts";

Deno.test("callsSection takes patterns of interceptors that are switched off, and nothing else", () => {
  for (const pattern of ["*/*/*", "org.example:echo/get/retry", "org.example:echo/*/rateLimit"]) {
    assert.ok(callsSection.safeParse({ interceptorsOff: [pattern] }).success, pattern);
  }
  for (const pattern of ["", "*", "echo/get/retry", "org.example:echo/get", "a:b/c/d/e"]) {
    assert.ok(!callsSection.safeParse({ interceptorsOff: [pattern] }).success, pattern);
  }
  assert.deepEqual(callsSection.parse({}), {
    ...{ maxBytes: 4_194_304, maxDepth: 32 },
    interceptorsOff: [],
  });
});
