/**
 * Seeds that have found a mistake once, a planted or a real one, and keep every promise since.
 *
 * @module
 */
import assert from "node:assert/strict";
import planted from "./corpus.json" with { type: "json" };
import { consensus } from "./consensus.ts";

/** What fresh seeds have found in the engine itself. */
const found = [
  {
    seed: "22582300",
    why: "batches that a snapshot has applied are kept for ever",
  },
];

for (const [seed, entries] of Map.groupBy([...planted, ...found], ({ seed }) => seed)) {
  const why = entries.map((entry) => entry.why).join("; ");
  Deno.test(`seed ${seed} keeps every promise (found: ${why})`, () => {
    assert.equal(consensus.run(seed).violation, undefined, `Again: deno task sim --seed ${seed}`);
  });
}
