import assert from "node:assert/strict";
import { Departure } from "./departure.ts";

/** A view in which the voters a, b, c have applied so much. */
function view(applied: Readonly<Record<string, number>>, nextSlot = 50, isBehind = false) {
  return {
    voters: ["a", "b", "c"],
    nextSlot,
    isBehind,
    appliedBy: (node: string) => applied[node],
  };
}

Deno.test("Departure.isDue() waits until a majority of the voters has applied the removal", () => {
  const departure = new Departure();
  assert.equal(departure.isDue(view({ a: 60, b: 60, c: 60 })), false, "It is not removed");
  departure.see(true, 40);
  assert.equal(departure.isDue(view({ a: 60, b: 39 })), false);
  assert.equal(departure.isDue(view({ a: 60, b: 40 })), true);
  departure.see(true, 60);
  assert.equal(departure.isDue(view({ a: 60, b: 40 })), true, "The first time counts");
});

Deno.test("Departure.isDue() is not misled by the past while the node catches up", () => {
  const departure = new Departure();
  departure.see(true, 40);
  assert.equal(departure.isDue(view({ a: 60, b: 60 }, 50, true)), false);
  departure.see(false, 45);
  assert.equal(departure.isDue(view({ a: 60, b: 60 })), false);
});

Deno.test("Departure.isShutOut() counts who refuses, and forgets who talks again", () => {
  const departure = new Departure();
  const peers = ["a", "b", "c"];
  assert.equal(departure.isShutOut([]), false);
  departure.refused("a");
  assert.equal(departure.isShutOut(peers), false);
  assert.equal(departure.isShutOut(["a"]), true);
  departure.refused("b");
  assert.equal(departure.isShutOut(peers), true);
  departure.accepted("a");
  assert.equal(departure.isShutOut(peers), false);
});
