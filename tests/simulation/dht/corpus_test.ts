/**
 * Seeds of the DHT that have found a mistake once, a planted or a real one, and the first few.
 *
 * @module
 */
import assert from "node:assert/strict";
import planted from "./corpus.json" with { type: "json" };
import { dht } from "./machine.ts";

/** What seeds have found in the machine itself. */
const found = [
  { seed: "40", why: "what a transition had compared as equal was fetched all the same" },
  { seed: "1053", why: "after silence a transition asked for every partition on its own" },
];
const first = Array.from({ length: 5 }, (_, i) => ({ seed: String(i + 1), why: "the first" }));
const cases: readonly { readonly seed: string; readonly why: string }[] = [
  ...planted,
  ...found,
  ...first,
];

for (const [seed, entries] of Map.groupBy(cases, (each) => each.seed)) {
  const why = entries.map((entry) => entry.why).join("; ");
  Deno.test(`DHT seed ${seed} keeps every promise (found: ${why})`, () => {
    assert.equal(dht.run(seed).violation, undefined, `Again: deno task sim dht --seed ${seed}`);
  });
}

Deno.test("a seed of the DHT gives the same run every time", () => {
  assert.deepEqual(dht.run("10"), dht.run("10"));
});
