import assert from "node:assert/strict";
import { plantedBugs } from "./model.ts";
import { PartitionWorld } from "./world.ts";

const seeds = 60;

Deno.test("partitions lose nothing that was acknowledged, whatever fails", () => {
  let acknowledged = 0;
  let leaderChanges = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const report = new PartitionWorld(seed).run();
      acknowledged += report.acknowledged;
      leaderChanges += report.leaderChanges;
    } catch (error) {
      throw new Error(`Seed ${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
  assert.ok(acknowledged > seeds * 100, `Only ${acknowledged} messages were acknowledged`);
  assert.ok(leaderChanges > seeds * 5, `The leader changed only ${leaderChanges} times`);
});

for (const bug of plantedBugs) {
  Deno.test(`partitions: "${bug}" is found`, () => {
    let found: unknown;
    for (let seed = 1; seed <= 5 * seeds && found === undefined; seed++) {
      try {
        new PartitionWorld(seed, bug).run();
      } catch (error) {
        found = error;
      }
    }
    assert.ok(found instanceof assert.AssertionError, `Nothing was found: ${found}`);
  });
}
