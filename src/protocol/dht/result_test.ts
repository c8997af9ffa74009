import assert from "node:assert/strict";
import { dhtError } from "./result.ts";

Deno.test("dhtError() says how many answered, how many are needed, and who did not and why", () => {
  const error = dhtError({
    reason: "quorumNotReached",
    required: 2,
    got: 1,
    owners: 3,
    missing: [{ node: "n2", cause: "full" }, { node: "n3", cause: "silent" }],
  }, "a");
  assert.equal(error.name, "DHT_QUORUM");
  assert.equal(
    error.message,
    '1 of 3 owners answered for "a", 2 are required (n2: full, n3: silent)',
  );
  assert.equal(dhtError({ reason: "busy", limit: 5 }, "a").status, 503);
  assert.equal(dhtError({ reason: "noView" }, "a").status, 503);
  assert.equal(dhtError({ reason: "invalid", detail: "Key is empty" }, "").status, 400);
});
