import assert from "node:assert/strict";
import { sectionOptions } from "./spec.ts";

Deno.test("sectionOptions() names the maker and the rule", () => {
  assert.deepEqual(sectionOptions("http", "a-1"), { section: "a-1" });
  assert.throws(() => sectionOptions("http", "1"), /^TypeError: http\(\) has section "1": write/);
});
