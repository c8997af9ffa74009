import assert from "node:assert/strict";
import { type LeaderInput, shouldLead, successorOf } from "./leader_choice.ts";

const voters = ["a", "b", "c"];

/** What a node sees: who is eligible, and which of the others are lost for good. */
function view(
  self: string,
  current: string | undefined,
  eligible: string,
  lost = "",
): LeaderInput {
  return {
    self,
    voters,
    current,
    isEligible: (node) => eligible.includes(node),
    isLost: (node) => lost.includes(node),
  };
}

Deno.test("shouldLead() is true for the first eligible voter when there is no leader", () => {
  assert.equal(shouldLead(view("a", undefined, "abc")), true);
  assert.equal(shouldLead(view("b", undefined, "abc")), false);
  assert.equal(shouldLead(view("b", undefined, "bc")), true);
  assert.equal(shouldLead(view("c", undefined, "")), false);
});

Deno.test("shouldLead() leaves a leader alone that is not lost, whatever its rank", () => {
  assert.equal(shouldLead(view("a", "c", "abc")), false);
  assert.equal(shouldLead(view("a", "c", "ab")), false, "Not eligible for this node only");
  assert.equal(shouldLead(view("a", "c", "ab", "c")), true);
  assert.equal(shouldLead(view("b", "c", "ab", "c")), false);
});

Deno.test("shouldLead() replaces a leader that is no voter any more, and is false for others", () => {
  assert.equal(shouldLead(view("a", "gone", "abc")), true);
  assert.equal(shouldLead(view("stranger", "gone", "stranger")), false);
});

Deno.test("successorOf() is the first other eligible voter", () => {
  assert.equal(successorOf(view("a", "a", "abc")), "b");
  assert.equal(successorOf(view("b", "b", "bc")), "c");
  assert.equal(successorOf(view("a", "a", "a")), undefined);
});
