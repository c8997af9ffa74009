import assert from "node:assert/strict";
import { claim, hashText } from "./rendezvous.ts";

function owner(key: string, candidates: Readonly<Record<string, number>>): string {
  let best = "";
  let most = -Infinity;
  for (const [name, weight] of Object.entries(candidates)) {
    const own = claim(key, name, weight);
    if (own > most) [best, most] = [name, own];
  }
  return best;
}

const keys = Array.from({ length: 4_000 }, (_, index) => `user-${index}`);

Deno.test("claim() gives each candidate its share of the keys by weight", () => {
  const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (const key of keys) counts[owner(key, { a: 1, b: 1, c: 2 })]!++;
  for (const [name, share] of Object.entries({ a: 1_000, b: 1_000, c: 2_000 })) {
    const count = counts[name] ?? 0;
    assert.ok(Math.abs(count - share) < 150, `${name} has ${count} of ${share}`);
  }
});

Deno.test("claim() moves only the keys of a candidate that goes", () => {
  for (const key of keys) {
    const before = owner(key, { a: 1, b: 1, c: 1 });
    if (before !== "b") assert.equal(owner(key, { a: 1, c: 1 }), before);
  }
});

Deno.test("hashText() differs with text and seed", () => {
  const hashes = new Set(keys.map((key) => hashText(key)));
  assert.ok(hashes.size > keys.length - 5);
  assert.notEqual(hashText("a"), hashText("a", 1));
  assert.ok(Number.isInteger(hashText("")) && hashText("") >= 0);
});
