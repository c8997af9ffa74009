import assert from "node:assert/strict";
import { nextView } from "./topology.ts";

const member = (node: string, storage = `${node}-s`) => ({ node, storage });
const [a, b, c] = [member("a"), member("b"), member("c")];
const facts = (wanted: { node: string; storage: string }[], settled: [string, number][] = []) => ({
  wanted,
  settled: new Map(settled),
  lost: new Set<string>(),
});

Deno.test("nextView() opens a transition and ends it when all targets have settled it", () => {
  const first = nextView(undefined, facts([b, a]));
  assert.deepEqual(first, { revision: 1, members: [a, b], next: undefined, lost: [] });
  const open = nextView(first, facts([a, b, c]));
  assert.deepEqual(open, { revision: 2, members: [a, b], next: [a, b, c], lost: [] });
  assert.equal(nextView(open, facts([a, b, c], [["a", 2], ["b", 2], ["c", 1]])), undefined);
  const over = nextView(open, facts([a, b, c], [["a", 2], ["b", 2], ["c", 2]]));
  assert.deepEqual(over, { revision: 3, members: [a, b, c], next: undefined, lost: [] });
  assert.equal(nextView(over, facts([a, b, c])), undefined);
});

Deno.test("nextView() directs an open transition elsewhere with a new revision", () => {
  const open = { revision: 2, members: [a, b], next: [a, b, c], lost: [] };
  assert.deepEqual(nextView(open, facts([a, b], [["a", 2], ["b", 2], ["c", 2]])), {
    revision: 3,
    members: [a, b],
    next: [a, b],
    lost: [],
  });
});

Deno.test("nextView() takes a node with another storage for a new member and the old for lost", () => {
  const view = { revision: 5, members: [a, b, c], next: undefined, lost: [] };
  const renewed = member("b", "b-new");
  assert.deepEqual(nextView(view, facts([a, renewed, c])), {
    revision: 6,
    members: [a, b, c],
    next: [a, renewed, c],
    lost: ["b-s"],
  });
});

Deno.test("nextView() opens anew when a storage is lost during a transition", () => {
  const open = { revision: 2, members: [a, b], next: [a], lost: [] };
  const view = nextView(open, { ...facts([a]), lost: new Set(["b-s"]) });
  assert.deepEqual(view, { revision: 3, members: [a, b], next: [a], lost: ["b-s"] });
});
