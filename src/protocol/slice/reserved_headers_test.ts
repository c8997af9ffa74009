import assert from "node:assert/strict";
import { isReservedHeader } from "./reserved_headers.ts";

Deno.test("isReservedHeader() knows headers of one connection and Aether's own", () => {
  for (const name of ["Connection", "TE", "transfer-encoding", "Upgrade", "X-Aether-Caller"]) {
    assert.equal(isReservedHeader(name), true, name);
  }
  for (const name of ["accept", "cookie", "x-request-id", "if-match"]) {
    assert.equal(isReservedHeader(name), false, name);
  }
});
