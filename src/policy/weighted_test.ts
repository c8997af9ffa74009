import assert from "node:assert/strict";
import { nextWeighted } from "./weighted.ts";

function candidates(weights: Readonly<Record<string, number>>) {
  return Object.entries(weights).map(([name, weight]) => ({ name, weight, credit: 0 }));
}

Deno.test("nextWeighted() spreads the turns by weight, without runs", () => {
  const all = candidates({ a: 5, b: 1, c: 1 });
  const turns = Array.from({ length: 14 }, () => nextWeighted(all)?.name).join("");
  assert.equal(turns, "aabacaaaabacaa");
});

Deno.test("nextWeighted() leaves out those without weight, and has nobody when all are", () => {
  const all = candidates({ a: 0, b: 3 });
  assert.deepEqual([1, 2, 3].map(() => nextWeighted(all)?.name), ["b", "b", "b"]);
  assert.equal(nextWeighted(candidates({ a: 0 })), undefined);
  assert.equal(nextWeighted([]), undefined);
});

Deno.test("nextWeighted() holds to the weights exactly over whole rounds", () => {
  const all = candidates({ a: 90, b: 9, c: 1 });
  const counts = new Map<string | undefined, number>();
  for (let turn = 0; turn < 1_000; turn++) {
    const name = nextWeighted(all)?.name;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), { a: 900, b: 90, c: 10 });
});
