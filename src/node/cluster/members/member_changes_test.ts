import assert from "node:assert/strict";
import { AetherError } from "../../../base/errors.ts";
import { clusterTest, type TestCluster, type TestNode } from "../cluster_fixture_test.ts";
import { MemberChanges } from "./member_changes.ts";

const one = { nodes: ["n1"], isDurable: true };
const three = { nodes: ["n1", "n2", "n3"] };

function isName(name: string): (error: unknown) => boolean {
  return (error) => error instanceof AetherError && error.name === name;
}

function changesOf(t: TestCluster, node: TestNode): MemberChanges {
  return new MemberChanges(node.id, node.member, t.clock);
}

/** Starts a node that a cluster already knows, and waits until it follows the log. */
async function join(t: TestCluster, id: string, peers: readonly string[]): Promise<TestNode> {
  const node = t.start(id, { peers: [...peers, id] });
  await t.until(`${id} is a member`, () => node.cluster);
  await t.until(`${id} follows`, () => node.member.leader && node.member.hasQuorum);
  await t.settled(node.register());
  // Its heartbeats tell how far it is.
  await t.pass(300);
  return node;
}

async function addAndJoin(t: TestCluster, by: TestNode, ids: readonly string[]) {
  const nodes: TestNode[] = [];
  for (const id of ids) {
    await t.settled(changesOf(t, by).add(id, `${id}:1`));
    nodes.push(await join(t, id, [by.id]));
  }
  return nodes;
}

clusterTest("MemberChanges.add() lets a node in that was refused before", three, async (t) => {
  const [n1, n2] = await t.form();
  assert.ok(n1 && n2);
  const n4 = t.start("n4", { peers: ["n1", "n2", "n3", "n4"] });
  await t.pass(3_000);
  assert.equal(n4.cluster, undefined, "Nobody has let it in");
  assert.match(n4.messages.join("\n"), /aether cluster add n4 n4:1/);
  await t.settled(changesOf(t, n2).add("n4", "n4:1"));
  await t.until("it is a member", () => n4.cluster, 3_000);
  await t.settled(n1.put("a", "1"));
  assert.equal(await t.settled(n4.get("a")), "1");
  assert.equal((await t.settled(n4.put("b", "2"))).succeeded, true);
  assert.equal(await t.settled(n1.get("b")), "2");
  assert.deepEqual(n4.member.store.voters, ["n1", "n2", "n3"]);
  await t.settled(n4.register());
  // It changes nothing for the voters that a follower is gone.
  await t.kill("n4");
  await t.pass(3_000);
  await t.settled(n1.put("c", "3"));
});

clusterTest(
  "MemberChanges.promote() makes three voters of one, and any of them may die",
  one,
  async (t) => {
    const [n1] = await t.form();
    assert.ok(n1);
    for (let i = 0; i < 50; i++) await t.settled(n1.put(`k${i}`, `v${i}`));
    const [n2, n3] = await addAndJoin(t, n1, ["n2", "n3"]);
    assert.ok(n2 && n3);
    await assert.rejects(
      t.settled(changesOf(t, n1).promote({ nodes: ["n2"] })),
      isName("CHANGE_UNSAFE"),
    );
    await t.settled(changesOf(t, n3).promote({ nodes: ["n2", "n3"] }));
    await t.settled(n1.put("last", "x"));
    assert.deepEqual(n2.member.store.voters, ["n1", "n2", "n3"]);
    await t.kill("n1");
    await t.until("n2 leads", () => n2.member.isLeader);
    for (let i = 0; i < 50; i++) assert.equal(await t.settled(n3.get(`k${i}`)), `v${i}`);
    assert.equal(await t.settled(n3.get("last")), "x");
    await t.settled(n2.put("without-n1", "y"));
    // And back again, from its old data directory.
    const again = t.start("n1", { peers: [] });
    await t.until("it is back", () => again.cluster);
    assert.equal(await t.settled(again.get("without-n1")), "y");
    await t.kill("n2");
    await t.settled(again.put("with-n1", "z"));
    assert.equal(await t.settled(n3.get("with-n1")), "z");
  },
);

clusterTest(
  "MemberChanges.remove() takes the vote first, and stops the node",
  { ...three, isDurable: true },
  async (t) => {
    const [n1, n2, n3] = await t.form();
    assert.ok(n1 && n2 && n3);
    for (const node of [n1, n2, n3]) await t.settled(node.register());
    await t.settled(n3.put("a", "1"));
    // At the node itself, which answers before it stops.
    await t.settled(changesOf(t, n3).remove("n3"));
    await t.until("it stops", () => n3.failure, 3_000);
    assert.equal(n3.failure?.name, "NODE_REMOVED");
    assert.deepEqual(n1.member.store.voters, ["n1", "n2"]);
    assert.deepEqual(n1.member.members.all, ["n1", "n2"]);
    await t.kill("n3");
    await t.settled(n1.put("b", "2"));
    await t.settled(changesOf(t, n1).remove("n3"));

    // It may not come back, with its data or without.
    let again = t.start("n3");
    await t.until("it is refused", () => again.failure, 5_000);
    assert.equal(again.failure?.name, "NODE_REMOVED");
    await t.kill("n3");
    const disk = t.disk("n3");
    t.disks.delete("n3");
    again = t.start("n3");
    await t.until("it is refused", () => again.startError, 5_000);
    assert.ok(isName("NODE_REMOVED")(again.startError));
    await t.kill("n3");
    t.disks.set("n3", disk);

    // Only when it is added anew.
    await t.settled(changesOf(t, n2).add("n3", "n3:1"));
    again = await join(t, "n3", ["n1", "n2"]);
    assert.equal(await t.settled(again.get("b")), "2");
    assert.equal(again.failure, undefined);
    await t.settled(changesOf(t, again).promote({ nodes: ["n3"] }));
    await t.kill("n1");
    await t.settled(again.put("c", "3"));
    assert.equal(await t.settled(n2.get("c")), "3");
  },
);

clusterTest("MemberChanges.remove() makes two voters one, from either", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  await t.settled(changesOf(t, n1).remove("n1"));
  await t.until("n1 stops", () => n1.failure, 3_000);
  await t.kill("n1");
  await t.until("n2 leads", () => n2.member.isLeader);
  await t.settled(n3.put("a", "1"));
  await t.settled(changesOf(t, n3).remove("n2"));
  await t.until("n2 stops", () => n2.failure, 3_000);
  await t.kill("n2");
  await t.until("n3 leads", () => n3.member.isLeader);
  await t.settled(n3.put("b", "2"));
  assert.equal(await t.settled(n3.get("a")), "1");
  await assert.rejects(t.settled(changesOf(t, n3).remove("n3", true)), isName("CHANGE_UNSAFE"));
});

clusterTest("MemberChanges refuses what would stop the cluster", three, async (t) => {
  const [n1, n2] = await t.form();
  assert.ok(n1 && n2);
  const changes = changesOf(t, n1);
  const unsafe = (run: Promise<void>) => assert.rejects(t.settled(run), isName("CHANGE_UNSAFE"));
  await assert.rejects(t.settled(changes.remove("n9")), isName("NODE_NOT_FOUND"));
  await assert.rejects(
    t.settled(changes.promote({ nodes: ["n9"] })),
    isName("NODE_NOT_FOUND"),
  );
  await t.settled(changes.add("n4", "n4:1"));
  await t.settled(changes.add("n5", "n5:1"));
  await unsafe(changes.promote({ nodes: ["n4", "n5"] }));
  await t.kill("n3");
  await t.until("the loss is noticed", () => !n1.member.isAlive("n3"), 3_000);
  await unsafe(changes.remove("n2"));
  assert.deepEqual(n1.member.store.voters, ["n1", "n2", "n3"]);
  await t.settled(changes.remove("n3"));
  assert.deepEqual(n1.member.store.voters, ["n1", "n2"]);
});

clusterTest("MemberChanges lets one of two changes at once through", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  await addAndJoin(t, n1, ["n4"]);
  const outcomes = await t.settled(Promise.allSettled([
    changesOf(t, n1).promote({ nodes: ["n4"], insteadOf: ["n1"] }),
    changesOf(t, n2).promote({ nodes: ["n4"], insteadOf: ["n2"] }),
  ]));
  const failed = outcomes.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  assert.equal(failed.length, 1);
  assert.ok(isName("MEMBERS_CHANGING")(failed[0]), String(failed[0]));
  assert.equal(n3.member.store.voters.length, 3);
  assert.ok(n3.member.store.voters.includes("n4"));
});

clusterTest("MemberChanges.promote() replaces a voter that stays down", three, async (t) => {
  const [n1, n2] = await t.form();
  assert.ok(n1 && n2);
  const [n4] = await addAndJoin(t, n1, ["n4"]);
  assert.ok(n4);
  await t.kill("n3");
  await t.until("the loss is noticed", () => !n1.member.isAlive("n3"), 3_000);
  await t.settled(changesOf(t, n1).promote({ nodes: ["n4"], insteadOf: ["n3"] }));
  await t.kill("n1");
  await t.settled(n4.put("a", "1"));
  // The one that was replaced follows now.
  const n3 = t.start("n3");
  await t.until("n3 is back", () => n3.cluster);
  assert.equal(await t.settled(n3.get("a")), "1");
  assert.deepEqual(n3.member.store.voters, ["n1", "n2", "n4"]);
});

clusterTest(
  "MemberChanges.add() and a restart both move a node to another address",
  { ...three, isDurable: true },
  async (t) => {
    const [n1, n2, n3] = await t.form();
    assert.ok(n1 && n2 && n3);
    for (const node of [n1, n2, n3]) await t.settled(node.register());
    await t.kill("n1");
    // It has the least id, so that it waits to be called, in vain.
    const moved = t.start("n1", { host: "elsewhere", peers: [] });
    await t.until("it is back", () => moved.cluster);
    await t.until("it has a quorum", () => moved.member.hasQuorum);
    await t.settled(moved.register());
    await t.until("n2 knows", () => n2.member.members.addressOf("n1") === "elsewhere:1");
    await t.kill("n3");
    await t.settled(moved.put("a", "1"));
    assert.equal(await t.settled(n2.get("a")), "1");
    // Those that are asked to are told where a node is, before it says so itself.
    await t.settled(changesOf(t, n2).add("n3", "n3-new:1"));
    const n3Again = t.start("n3", { host: "n3-new", peers: [] });
    await t.until("n3 is back", () => n3Again.cluster);
    await t.kill("n1");
    await t.settled(n3Again.put("b", "2"));
    assert.equal(await t.settled(n2.get("b")), "2");
  },
);

clusterTest(
  "MemberChanges leaves no voters of whom one cannot end its abstention",
  three,
  async (t) => {
    const [n1] = await t.form();
    assert.ok(n1);
    await t.settled(n1.put("a", "1"));
    await t.kill("n2");
    // Without memory, and with one witness only.
    t.cut("n2", "n3");
    const n2 = t.start("n2");
    await t.until("it is a member", () => n2.cluster);
    await t.until("n1 hears it", () => n1.member.members.slotsBehind("n2") === 0);
    const changes = changesOf(t, n1);
    await assert.rejects(t.settled(changes.remove("n3")), /n2 has come back and does not vote yet/);
    t.heal("n2", "n3");
    await t.settled(changes.remove("n3"));
    await t.kill("n3");
    await t.settled(n2.put("b", "2"));
    assert.equal(await t.settled(n1.get("b")), "2");
  },
);
