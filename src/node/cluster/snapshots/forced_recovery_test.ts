import assert from "node:assert/strict";
import { AetherError } from "../../../base/errors.ts";
import { MemoryStorage } from "../../../base/storage.ts";
import { clusterTest } from "../cluster_fixture_test.ts";
import { MemberChanges } from "../members/member_changes.ts";
import { recoverForced } from "./forced_recovery.ts";

const three = { nodes: ["n1", "n2", "n3"], isDurable: true };

Deno.test("recoverForced() refuses a folder without data", async () => {
  await assert.rejects(
    recoverForced({ storage: new MemoryStorage(), nonce: "x", isDryRun: false }),
    (error) => error instanceof AetherError && error.name === "RECOVERY_REFUSED",
  );
});

for (const snapshotEveryBytes of ["64MiB", "64KiB"]) {
  clusterTest(
    `recoverForced() keeps all data of the one node that is left (${snapshotEveryBytes})`,
    { ...three, snapshotEveryBytes },
    async (t) => {
      const nodes = await t.form();
      const [n1, , n3] = nodes;
      assert.ok(n1 && n3);
      for (const node of nodes) await t.settled(node.register());
      for (let i = 0; i < 60; i++) {
        await t.settled(t.node(`n${i % 3 + 1}`).put(`k${i}`, `v${i}`.padEnd(4_000, ".")));
      }
      await t.until("n3 has all", () => n3.local("k59"));
      const former = n1.member.id;
      for (const id of three.nodes) await t.kill(id, "power");
      t.disks.delete("n1");
      t.disks.delete("n2");
      const storage = t.disk("n3");
      const plan = await recoverForced({ storage, nonce: "x", isDryRun: true });
      const done = await recoverForced({ storage, nonce: "x", isDryRun: false });
      assert.deepEqual(done, plan, "Trying has changed something");
      assert.equal(done.formerCluster, former);
      assert.deepEqual(done.formerVoters, ["n1", "n2", "n3"]);
      assert.equal(done.missing, 0);

      // Its configuration still names the lost nodes.
      let again = t.start("n3");
      await t.until("it leads", () => again.cluster && again.member.isLeader);
      assert.notEqual(again.member.id, former);
      assert.deepEqual(again.member.members.all, ["n3"]);
      for (let i = 0; i < 60; i++) {
        assert.match(again.local(`k${i}`) ?? "", new RegExp(`^v${i}\\.`));
      }
      assert.ok(again.member.store.state.revision > 1_000_000_000);
      await t.settled(again.put("after", "1"));

      // New nodes with the old names come in when they are added.
      const changes = new MemberChanges("n3", again.member, t.clock);
      const others = ["n1", "n2"].map((id) => t.start(id));
      await t.pass(2_000);
      assert.ok(others.every(({ cluster }) => cluster === undefined), "Nobody has let them in");
      for (const id of ["n1", "n2"]) await t.settled(changes.add(id, `${id}:1`));
      await t.until("they are members", () => others.every(({ cluster }) => cluster));
      await t.settled(changes.promote({ nodes: ["n1", "n2"] }));
      await t.kill("n3", "power");
      for (const node of others) assert.equal(await t.settled(node.get("after")), "1");
      await t.settled(t.node("n1").put("without", "2"));
      again = t.start("n3");
      await t.until("n3 is back", () => again.cluster);
      assert.equal(await t.settled(again.get("without")), "2");
    },
  );
}

clusterTest(
  "recoverForced() makes a cluster that refuses nodes of the former one",
  three,
  async (t) => {
    const nodes = await t.form();
    for (const node of nodes) await t.settled(node.register());
    await t.settled(t.node("n1").put("a", "1"));
    await t.until("n3 has it", () => t.node("n3").local("a"));
    for (const id of three.nodes) await t.kill(id);
    await recoverForced({ storage: t.disk("n3"), nonce: "x", isDryRun: false });
    const n3 = t.start("n3");
    const n1 = t.start("n1");
    await t.until("n3 leads", () => n3.cluster && n3.member.isLeader);
    await t.pass(3_000);
    assert.equal(await t.settled(n3.get("a")), "1");
    assert.deepEqual(n3.member.connected, []);
    assert.match(n3.messages.join("\n"), /belongs to cluster/);
    assert.equal(n1.member.hasQuorum, false);
  },
);

clusterTest("recoverForced() keeps writes that this node voted for only", three, async (t) => {
  const [n1, , n3] = await t.form();
  assert.ok(n1 && n3);
  // The others decide with the vote of n3, which hears no more of it.
  t.network.cut("n1", "n3");
  t.network.cut("n2", "n3");
  const before = n3.member.store.nextSlot;
  await t.settled(n3.put("last", "x").catch(() => {}), 5_000).catch(() => {});
  assert.equal(n3.member.store.nextSlot, before);
  for (const id of three.nodes) await t.kill(id, "power");
  const done = await recoverForced({ storage: t.disk("n3"), nonce: "x", isDryRun: false });
  assert.equal(done.undecidedKept, 1);
  const again = t.start("n3", { peers: [] });
  await t.until("it is back", () => again.cluster);
  assert.equal(again.local("last"), "x");
});
