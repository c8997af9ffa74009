import assert from "node:assert/strict";
import { CatchUp } from "./catch_up.ts";

Deno.test("CatchUp.due() names peers that are ahead, in turn, once nothing has moved for a while", () => {
  const catchUp = new CatchUp(30);
  catchUp.observe("b", 9);
  catchUp.observe("c", 20);
  catchUp.observe("d", 3);
  assert.equal(catchUp.due(5, 0), undefined);
  assert.equal(catchUp.due(5, 29), undefined);
  assert.equal(catchUp.due(5, 30), "b");
  assert.equal(catchUp.due(5, 60), "c");
  assert.equal(catchUp.due(6, 61), undefined);
  assert.equal(catchUp.due(6, 91), "b");
});

Deno.test("CatchUp.due() names nobody when nobody is ahead", () => {
  const catchUp = new CatchUp(30);
  catchUp.observe("b", 4);
  for (const now of [0, 100]) assert.equal(catchUp.due(5, now), undefined);
  assert.ok(!catchUp.isBehind(5) && catchUp.isBehind(4));
});

Deno.test("CatchUp.observe() believes a peer that is further back than before", () => {
  const catchUp = new CatchUp(30);
  catchUp.observe("b", 100);
  catchUp.observe("b", 2);
  assert.ok(!catchUp.hasDecided("b", 3));
});

Deno.test("CatchUp.observe() keeps a limited number of peers", () => {
  const catchUp = new CatchUp(30);
  for (let peer = 0; peer < 1_000; peer++) catchUp.observe(`n${peer}`, 9);
  assert.ok(!catchUp.hasDecided("n0", 0));
  assert.ok(catchUp.hasDecided("n999", 9));
});
