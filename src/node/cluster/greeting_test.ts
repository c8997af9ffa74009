import assert from "node:assert/strict";
import type { Hello } from "../../protocol/peer/hello.ts";
import { greetingProblem, isBetterCall, isForeign } from "./greeting.ts";

function hello(node: string, cluster: string): Hello {
  return {
    node,
    address: `${node}:1`,
    stage: cluster === "" ? "blank" : "member",
    bootNonce: node,
    cluster,
    founders: [],
    founderNonces: [],
  };
}

Deno.test("greetingProblem() takes members of the same cluster, and blank nodes", () => {
  for (const [own, theirs] of [["x", "x"], ["x", ""], ["", "x"], ["", ""]] as const) {
    assert.equal(greetingProblem(hello("a", own), hello("b", theirs), undefined), undefined);
    assert.equal(greetingProblem(hello("a", own), hello("b", theirs), "b"), undefined);
  }
});

Deno.test("greetingProblem() names what is wrong", () => {
  const self = hello("a", "x");
  const say = (other: Hello, dialled?: string) => greetingProblem(self, other, dialled);
  assert.equal(say(hello("a", "x")), "Another node uses the id a too");
  assert.equal(say(hello("b", "x"), "c"), "Node b answers at the address of c");
  assert.equal(say(hello("b", "y")), "Node b belongs to cluster y, a to x");
});

Deno.test("isForeign() needs two clusters", () => {
  assert.equal(isForeign(hello("a", "x"), hello("b", "y")), true);
  assert.equal(isForeign(hello("a", ""), hello("b", "y")), false);
});

Deno.test("isBetterCall() keeps the same one of two links on both ends", () => {
  for (const first of ["a", "b"]) {
    for (const second of ["a", "b"]) {
      const atA = isBetterCall({ self: "a", peer: "b", dialledBy: second }, first);
      const atB = isBetterCall({ self: "b", peer: "a", dialledBy: second }, first);
      assert.equal(atA, atB);
      assert.equal(atA, first === "a" && second === "b");
    }
  }
});
