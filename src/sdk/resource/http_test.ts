import assert from "node:assert/strict";
import { http } from "./http.ts";

Deno.test("http() describes a need with its section", () => {
  const options = { section: "payments" };
  const expected = { kind: "resource", type: "http", options, schema: undefined };
  assert.deepEqual(http("payments"), expected);
  for (const section of ["", "a.b", "A", "-a", "x".repeat(64)]) {
    assert.throws(() => http(section), /http\(\) has section/);
  }
});
