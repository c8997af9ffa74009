/**
 * Seeds that have found a mistake once: those of the planted bugs keep every promise without them.
 *
 * @module
 */
import assert from "node:assert/strict";
import corpus from "./corpus.json" with { type: "json" };
import { runSeed } from "./seeds.ts";

for (const [seed, entries] of Map.groupBy(corpus, ({ seed }) => seed)) {
  const why = entries.map((entry) => entry.why).join("; ");
  Deno.test(`seed ${seed} keeps every promise (found: ${why})`, () => {
    assert.equal(runSeed(seed).violation, undefined, `Again: deno task sim --seed ${seed}`);
  });
}
