import assert from "node:assert/strict";
import { Openers } from "./openers.ts";

const members = ["a", "b", "c"];
/** Members in the order in which they should open a slot. */
const orderOf = (openers: Openers, slot: number, nowMs = 0) =>
  members.toSorted((x, y) =>
    openers.rankOf(x, slot, members, nowMs) - openers.rankOf(y, slot, members, nowMs)
  ).join("");

Deno.test("Openers.isSuspected() asks whether one of the nodes seems to be down", () => {
  const openers = new Openers(4, 1_000);
  assert.equal(openers.isSuspected(members), false);
  openers.suspect(new Set(["b", "x"]));
  assert.deepEqual([members, ["a", "c"]].map((each) => openers.isSuspected(each)), [true, false]);
});

Deno.test("Openers.rankOf() turns with the blocks while nothing is known", () => {
  const openers = new Openers(4, 1_000);
  assert.deepEqual([0, 3, 4, 8].map((slot) => orderOf(openers, slot)), [
    "abc",
    "abc",
    "bca",
    "cab",
  ]);
});

Deno.test("Openers.rankOf() puts first who was busiest two blocks before", () => {
  const openers = new Openers(4, 1_000);
  openers.applied(0, ["c/1", "c/2", "a/1"]);
  openers.applied(5, ["a/2"]);
  assert.equal(orderOf(openers, 8), "cab");
  assert.equal(orderOf(openers, 12), "abc");
});

Deno.test("Openers.overtaken() passes over those who let others go first, for a while", () => {
  const openers = new Openers(4, 1_000);
  openers.overtaken("c", 0, members, 0);
  assert.equal(orderOf(openers, 0, 999), "cab");
  assert.equal(orderOf(openers, 0, 1_000), "abc");
});

Deno.test("Openers.present() takes back a node that opens a slot in time", () => {
  const openers = new Openers(4, 1_000);
  openers.late("a", 0);
  assert.equal(orderOf(openers, 0, 1), "bca");
  openers.present("a");
  assert.equal(orderOf(openers, 0, 1), "abc");
});

Deno.test("Openers.suspect() passes over nodes that seem to be down", () => {
  const openers = new Openers(4, 1_000);
  openers.suspect(new Set(["a"]));
  assert.equal(orderOf(openers, 0), "bca");
  openers.suspect(new Set());
  assert.equal(orderOf(openers, 0), "abc");
});
