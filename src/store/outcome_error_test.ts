import assert from "node:assert/strict";
import { outcomes } from "../protocol/store/command.ts";
import { outcomeError } from "./outcome_error.ts";

Deno.test("outcomeError() gives each outcome but the executed ones an error of its own", () => {
  const context = { writer: "user", bytes: 7, maxBytes: 9 } as const;
  const names = outcomes.map((outcome) => outcomeError(outcome, context)?.name);
  assert.deepEqual(names.slice(0, 2), [undefined, undefined]);
  assert.equal(new Set(names).size, outcomes.length - 1);
  assert.match(outcomeError("full", context)?.message ?? "", /7 of 9 bytes/);
});
