import assert from "node:assert/strict";
import { stepOf } from "./slot_protocol.ts";

Deno.test("stepOf() grows with every message that a node sends for a slot", () => {
  const value = undefined;
  const steps = [
    stepOf({ type: "proposal", slot: 0, value: "" }),
    stepOf({ type: "vote", slot: 0, phase: 0, vote: 2, value }),
    stepOf({ type: "state", slot: 0, phase: 1, bit: 0, value }),
    stepOf({ type: "vote", slot: 0, phase: 1, vote: 0, value }),
    stepOf({ type: "state", slot: 0, phase: 2, bit: 0, value }),
  ];
  assert.deepEqual(steps, [0, 1, 2, 3, 4]);
});
