import assert from "node:assert/strict";
import { keys, leaderKey } from "../../protocol/keys.ts";
import { clusterTest, turn } from "./cluster_fixture_test.ts";

const three = { nodes: ["n1", "n2", "n3"] };

clusterTest("Cluster forms, elects the first node and replicates writes", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  for (const { member } of [n1, n2, n3]) assert.equal(member.leader?.node, "n1");
  assert.equal(n1.member.isLeader, true);
  assert.equal(n2.member.isLeader, false);
  assert.equal(n1.member.id, n3.member.id);
  const applied = await t.settled(n2.put("a", "one"));
  assert.equal(applied.succeeded, true);
  assert.equal(await t.settled(n3.get("a")), "one");
  assert.equal(await t.settled(n1.get("a")), "one");
});
