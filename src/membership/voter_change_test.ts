import assert from "node:assert/strict";
import { voterChangeObjection } from "./voter_change.ts";

interface Situation {
  readonly down?: string;
  readonly behind?: string;
}

/** Voters as words, for example "a b". */
function objection(voters: string, next: string, { down = "", behind = "" }: Situation = {}) {
  const list = (text: string) => text.split(" ").filter((word) => word !== "");
  return voterChangeObjection({
    voters: list(voters),
    next: list(next),
    isAlive: (node) => !list(down).includes(node),
    isReady: (node) => !list(behind).includes(node),
  });
}

Deno.test("voterChangeObjection() lets a cluster grow and shrink", () => {
  assert.equal(objection("a", "a b c"), undefined);
  assert.equal(objection("a b c", "a b c d e"), undefined);
  assert.equal(objection("a b c d e", "a b c d"), undefined);
  assert.equal(objection("a b c d", "a b c"), undefined);
  assert.equal(objection("a b", "a"), undefined);
});

Deno.test("voterChangeObjection() lets a dead voter go or be replaced", () => {
  assert.equal(objection("a b c", "a b", { down: "c" }), undefined);
  assert.equal(objection("a b c", "a b d", { down: "c" }), undefined);
});

Deno.test("voterChangeObjection() wants new voters that work and have caught up", () => {
  assert.match(objection("a", "a b c", { down: "c" })?.text ?? "", /Node c is not reachable/);
  assert.match(objection("a", "a b c", { behind: "b" })?.text ?? "", /Node b has not caught up/);
  assert.match(objection("a b c", "a b", { behind: "b" })?.text ?? "", /b has come back/);
  assert.equal(objection("a b c", "a b", { behind: "c" }), undefined, "It goes");
});

Deno.test("voterChangeObjection() keeps a majority that works", () => {
  const found = objection("a b c", "a b", { down: "b" });
  assert.match(found?.text ?? "", /only a would be reachable/);
  assert.equal(found?.isFinal, false);
});

Deno.test("voterChangeObjection() sees that a fourth voter makes nothing safer", () => {
  assert.match(objection("a b c", "a b c d")?.text ?? "", /bear no more failures than 3/);
  assert.match(objection("a", "a b")?.text ?? "", /bear no more failures than 1/);
});

Deno.test("voterChangeObjection() has limits that nobody may overrule", () => {
  assert.equal(objection("a", "")?.isFinal, true);
  assert.equal(objection("a b c d e f g h i", "a b c d e f g h i j k")?.isFinal, true);
});
