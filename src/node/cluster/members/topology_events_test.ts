import assert from "node:assert/strict";
import { clusterTest } from "../cluster_fixture_test.ts";
import { MemberChanges } from "./member_changes.ts";
import { TopologyEvents } from "./topology_events.ts";

clusterTest(
  "TopologyEvents tells of nodes, voters, leader and quorum",
  { nodes: ["n1", "n2", "n3"] },
  async (t) => {
    const nodes = await t.form();
    const [n1, n2, n3] = nodes;
    assert.ok(n1 && n2 && n3);
    const events = new TopologyEvents(n2.member, t.clock);
    events.start();
    let seen = 0;
    /** Events since the last time, in their order. */
    const fresh = () => {
      const all = events.log.since(seen, 1_000);
      seen = events.log.newest;
      return all.map(({ type, node }) => node === undefined ? type : `${type} ${node}`);
    };
    assert.deepEqual(fresh(), ["QUORUM_ESTABLISHED", "LEADER_ELECTED n1"]);
    for (const node of nodes) await t.settled(node.register());
    await t.until("n2 knows", () => events.log.newest >= seen + 3);
    assert.deepEqual(fresh(), ["NODE_JOINED n1", "NODE_JOINED n2", "NODE_JOINED n3"]);
    // Again, as after a lost answer: nothing new has happened.
    await t.settled(n2.register());
    const changes = new MemberChanges("n2", n2.member, t.clock);
    await t.settled(changes.add("n4", "n4:1"));
    await t.settled(changes.add("n4", "n4:2"));
    await t.pass(3_000);
    assert.deepEqual(fresh(), ["NODE_ADDED n4"], "One that has not started yet is not down");
    await t.settled(changes.remove("n3"));
    await t.pass(100);
    await t.kill("n3");
    assert.deepEqual(fresh(), ["VOTERS_CHANGED", "NODE_REMOVED n3"]);
    await t.kill("n1");
    await t.until("the quorum is lost", () => !n2.member.hasQuorum);
    assert.deepEqual(fresh(), ["NODE_DOWN n1", "QUORUM_LOST"]);
  },
);
