import assert from "node:assert/strict";
import { scheduleName } from "./schedule_name.ts";

Deno.test("scheduleName() splits slice and schedule", () => {
  assert.deepEqual(scheduleName("org.example:keeper/cleanup"), {
    contract: "org.example:keeper",
    name: "cleanup",
  });
  assert.throws(() => scheduleName("cleanup"), /names no schedule: write group:name\/schedule/);
});
