import assert from "node:assert/strict";
import { row } from "./row.ts";

Deno.test("row() names its parts", () => {
  assert.deepEqual(row("E1001", 400, "What happened", "What to do"), {
    code: "E1001",
    status: 400,
    title: "What happened",
    hint: "What to do",
  });
});
