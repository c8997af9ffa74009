import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { RevisionWaits } from "./revision_waits.ts";

Deno.test("RevisionWaits.wait() resolves when its revision is reached, not before", async () => {
  const waits = new RevisionWaits(new ManualClock());
  const done: number[] = [];
  const all = [3, 5, 4].map(async (revision) => {
    await waits.wait(revision, 100);
    done.push(revision);
  });
  waits.reached(2);
  assert.equal(waits.size, 3);
  waits.reached(4);
  await Promise.all([all[0], all[2]]);
  assert.deepEqual(done, [3, 4]);
  waits.reached(9);
  await all[1];
  assert.equal(waits.size, 0);
});

Deno.test("RevisionWaits.wait() ends with TIMEOUT naming the revision", async () => {
  const clock = new ManualClock();
  const waits = new RevisionWaits(clock);
  const waiting = waits.wait(7, 100);
  clock.advance(100);
  await assert.rejects(waiting, { name: "TIMEOUT", message: /Revision 7 .* within 100 ms/ });
  assert.equal(waits.size, 0);
});
