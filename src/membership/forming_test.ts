import assert from "node:assert/strict";
import type { Hello } from "../protocol/peer/hello.ts";
import { decideForming } from "./forming.ts";

const ids = ["a", "b", "c"];

function blank(node: string, bootNonce = `nonce-${node}`, founderIds = ids): Hello {
  return {
    node,
    address: `${node}:1`,
    stage: "blank",
    bootNonce,
    cluster: "",
    founders: founderIds.map((id) => ({ id, address: `${id}:1` })),
    founderNonces: [],
  };
}

function member(node: string, founderNonces: readonly string[], founderIds = ids): Hello {
  return { ...blank(node, "later", founderIds), stage: "member", cluster: "x", founderNonces };
}

function heard(...hellos: readonly Hello[]): Map<string, Hello> {
  return new Map(hellos.map((hello) => [hello.node, hello]));
}

const nonces = ["nonce-a", "nonce-b", "nonce-c"];

Deno.test("decideForming() waits for every founder", () => {
  const self = blank("b");
  assert.deepEqual(decideForming(self, heard()), { type: "wait", for: ["a", "c"] });
  assert.deepEqual(decideForming(self, heard(blank("c"))), { type: "wait", for: ["a"] });
});

Deno.test("decideForming() forms with all nonces in the founders' order, the same everywhere", () => {
  for (const id of ids) {
    const others = ids.filter((other) => other !== id).map((other) => blank(other)).reverse();
    assert.deepEqual(decideForming(blank(id), heard(...others)), { type: "form", nonces });
  }
});

Deno.test("decideForming() follows a founder that has formed with this very boot", () => {
  const decision = decideForming(blank("b"), heard(member("a", nonces)));
  assert.deepEqual(decision, { type: "form", nonces });
});

Deno.test("decideForming() rejoins a cluster that knew another boot of the node", () => {
  const old = ["nonce-a", "former", "nonce-c"];
  const decision = decideForming(blank("b"), heard(blank("a"), member("c", old)));
  assert.deepEqual(decision, {
    type: "rejoin",
    cluster: "x",
    founders: blank("b").founders,
    nonces: old,
  });
});

Deno.test("decideForming() joins a cluster that was founded without the node", () => {
  const decision = decideForming(blank("b"), heard(member("a", ["nonce-a"], ["a"])));
  assert.equal(decision.type, "rejoin");
});

Deno.test("decideForming() heeds nobody who is no founder", () => {
  const stranger = member("z", ["nonce-z"], ["z"]);
  const decision = decideForming(blank("b"), heard(stranger, blank("a")));
  assert.deepEqual(decision, { type: "wait", for: ["c"] });
});

Deno.test("decideForming() names who lists other founders", () => {
  const other = blank("c", "nonce-c", ["b", "c", "d"]);
  assert.deepEqual(decideForming(blank("b"), heard(other)), {
    type: "mismatch",
    peer: "c",
    theirs: ["b", "c", "d"],
  });
});
