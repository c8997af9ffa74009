/**
 * Durable messages survive the death of consumers, of a node and of the leader; the long form is
 * `deno task soak topics`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runTopics } from "./lib/topics_run.ts";
import { e2eTest } from "./lib/world.ts";

e2eTest("no message is lost when consumers, a node and the leader are killed", async (world) => {
  const report = await runTopics(world, { messages: 4_000, durability: "synced", say: () => {} });
  assert.equal(report.lost, 0, JSON.stringify(report));
  // The other group got each of them as well; inside a group the work is shared.
  assert.equal(report.auditedLost, 0, JSON.stringify(report));
  assert.ok(report.consumers >= 2 && report.auditors >= 2, JSON.stringify(report));
  assert.equal(report.acknowledged, 4_000);
});
