import assert from "node:assert/strict";
import { keys } from "../../../protocol/keys.ts";
import { clusterTest, type TestCluster, type TestNode } from "../cluster_fixture_test.ts";
import { MemberCare } from "./member_care.ts";
import { MemberChanges } from "./member_changes.ts";

const three = { nodes: ["n1", "n2", "n3"] };

/** Lets every node look after the members, as nodes do; answers what ends that. */
function careAt(t: TestCluster, nodes: readonly TestNode[], replaceAfterMs: number): () => void {
  const cares = nodes.map((node) =>
    new MemberCare({
      cluster: node.member,
      changes: new MemberChanges(node.id, node.member, t.clock),
      clock: t.clock,
      log: node.log,
      replaceAfterMs: () => replaceAfterMs,
    })
  );
  return () => cares.forEach((care) => care.stop());
}

async function withFollower(t: TestCluster): Promise<readonly TestNode[]> {
  const nodes = await t.form();
  const [n1] = nodes;
  assert.ok(n1);
  await t.settled(new MemberChanges("n1", n1.member, t.clock).add("n4", "n4:1"));
  const n4 = t.start("n4", { peers: ["n1", "n4"] });
  await t.until("it is a member", () => n4.cluster);
  for (const node of [...nodes, n4]) await t.settled(node.register());
  return [...nodes, n4];
}

clusterTest(
  "MemberCare lets a follower take the place of a voter that stays down",
  three,
  async (t) => {
    const nodes = await withFollower(t);
    const [n1, n2, , n4] = nodes;
    assert.ok(n1 && n2 && n4);
    const end = careAt(t, nodes, 5_000);
    await t.kill("n3");
    await t.pass(4_000);
    assert.deepEqual(n1.member.store.voters, ["n1", "n2", "n3"], "It may come back yet");
    await t.until("it is replaced", () => n1.member.store.voters.includes("n4"));
    assert.deepEqual(n1.member.store.voters, ["n1", "n2", "n4"]);
    await t.kill("n2");
    await t.settled(n4.put("a", "1"));
    end();
  },
);

clusterTest(
  "MemberCare replaces nobody who is back in time, or when it must not",
  three,
  async (t) => {
    const nodes = await withFollower(t);
    const [n1, n2] = nodes;
    assert.ok(n1 && n2);
    let end = careAt(t, nodes, 3_000);
    for (let round = 0; round < 3; round++) {
      t.cut("n3", "n1", "n2", "n4");
      await t.pass(3_500);
      t.heal("n3", "n1", "n2", "n4");
      await t.until("n3 is back", () => n1.member.isAlive("n3"));
      await t.pass(1_500);
    }
    assert.deepEqual(n1.member.store.voters, ["n1", "n2", "n3"]);
    end();
    end = careAt(t, nodes, 0);
    await t.kill("n3");
    await t.pass(10_000);
    assert.deepEqual(n1.member.store.voters, ["n1", "n2", "n3"]);
    end();
  },
);

clusterTest("MemberCare forgets what a removed node said of itself", three, async (t) => {
  const nodes = await withFollower(t);
  const [n1, , , n4] = nodes;
  assert.ok(n1 && n4);
  const end = careAt(t, nodes, 0);
  await t.settled(new MemberChanges("n4", n4.member, t.clock).remove("n4"));
  const key = keys.member.key("n4");
  await t.until("the record is gone", () => n1.member.store.state.get(key) === undefined);
  end();
});
