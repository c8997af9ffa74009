import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { leaderKey } from "../../protocol/keys.ts";
import type { StoreChange } from "../../store/state.ts";
import { clusterTest, type TestCluster, type TestNode, turn } from "./cluster_fixture_test.ts";

const three = { nodes: ["n1", "n2", "n3"] };
const five = { nodes: ["n1", "n2", "n3", "n4", "n5"] };

function isName(name: string): (error: unknown) => boolean {
  return (error) => error instanceof AetherError && error.name === name;
}

/** Who leads as the store of each node says, which must be the same. */
function leaderOf(nodes: readonly TestNode[]): string | undefined {
  const leaders = new Set(nodes.map(({ member }) => member.leader?.node));
  assert.equal(leaders.size, 1, `Leaders: ${[...leaders]}`);
  return [...leaders][0];
}

/** Changes of the leader that a node has seen since it started. */
function terms(node: TestNode): (string | undefined)[] {
  return node.events.flatMap((event) => event.type === "leader" ? [event.leader?.node] : []);
}

clusterTest("Cluster forms, elects the first node and replicates writes", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  assert.equal(leaderOf([n1, n2, n3]), "n1");
  assert.equal(n1.member.isLeader, true);
  assert.equal(n2.member.isLeader, false);
  const applied = await t.settled(n2.put("a", "one"));
  assert.equal(applied.succeeded, true);
  assert.equal(await t.settled(n3.get("a")), "one");
  assert.equal(await t.settled(n1.get("a")), "one");
});

clusterTest(
  "Cluster goes on without a node that is cut off, which catches up",
  three,
  async (t) => {
    const [n1, n2, n3] = await t.form();
    assert.ok(n1 && n2 && n3);
    t.cut("n3", "n1", "n2");
    for (let i = 0; i < 50; i++) await t.settled(n1.put(`k${i}`, `v${i}`));
    await t.until("n3 has noticed", () => !n3.member.hasQuorum, 3_000);
    assert.equal(n3.local("k49"), undefined);
    t.heal("n3", "n1", "n2");
    await t.until("n3 is back", () => n3.member.hasQuorum, 3_000);
    assert.ok(n3.member.store.slotsBehind > 10, `${n3.member.store.slotsBehind} slots behind`);
    await t.until("n3 has caught up", () => n3.member.store.slotsBehind === 0, 1_000);
    for (let i = 0; i < 50; i++) assert.equal(await t.settled(n3.get(`k${i}`)), `v${i}`);
  },
);

clusterTest("Cluster refuses reads and writes at once while it has no quorum", five, async (t) => {
  const [n1, n2] = await t.form();
  assert.ok(n1 && n2);
  t.cut("n1", "n3", "n4", "n5");
  t.cut("n2", "n3", "n4", "n5");
  const underWay = n1.put("under-way", "x").catch((error) => error);
  await t.pass(20);
  const waitingRead = n1.get("a").catch((error) => error);
  const lostMs = await t.until("the loss is noticed", () => !n1.member.hasQuorum, 3_000);
  assert.ok(lostMs <= 2_000, `noticed after ${lostMs} ms`);
  // Without any time passing:
  await assert.rejects(n1.put("b", "x"), isName("NOT_PROPOSED"));
  await assert.rejects(n1.get("a"), isName("NOT_PROPOSED"));
  assert.ok(isName("NOT_PROPOSED")(await waitingRead), "The read that waited was not refused");
  assert.equal(n1.member.isLeader, false, "It acts as leader without a quorum");
  const others = ["n3", "n4", "n5"].map((id) => t.node(id));
  await t.until("the others have a leader", () => others[0]?.member.leader?.node === "n3", 3_000);
  for (const id of ["n1", "n2"]) t.heal(id, "n3", "n4", "n5");
  await t.until("the quorum is there again", () => n1.member.hasQuorum, 2_000);
  await t.settled(underWay);
  assert.equal(await t.settled(n2.get("under-way")), "x");
  await t.settled(n1.put("b", "y"));
  const sequences = n1.events.flatMap((event) =>
    event.type === "quorum" ? [[event.hasQuorum, event.sequence]] : []
  );
  const [, lost, back] = [undefined, ...sequences.slice(-2)];
  assert.deepEqual([lost?.[0], back?.[0]], [false, true]);
  assert.equal(Number(back?.[1]), Number(lost?.[1]) + 1);
});

clusterTest("Cluster replaces a leader whose process died within moments", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  await t.pass(2_000);
  const term = n2.member.leader?.term ?? 0;
  await t.kill("n1");
  const tookMs = await t.until("n2 leads", () => n2.member.isLeader, 3_000);
  assert.ok(tookMs <= 50, `took ${tookMs} ms`);
  assert.ok((n2.member.leader?.term ?? 0) > term, "The term does not grow");
  await t.settled(n3.put("a", "x"));
  assert.equal(leaderOf([n2, n3]), "n2");
});

clusterTest("Cluster replaces a leader that is cut off, and fences it", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  const { term } = n1.member.leader ?? { term: 0 };
  t.cut("n1", "n2", "n3");
  const tookMs = await t.until("n2 leads", () => n2.member.isLeader, 5_000);
  assert.ok(tookMs <= 2_500, `took ${tookMs} ms`);
  t.heal("n1", "n2", "n3");
  await t.until("n1 knows", () => n1.member.leader?.node === "n2", 5_000);
  const stale = n1.member.store.propose("leader", {
    compare: [{ key: leaderKey, revision: term }],
    then: [],
    otherwise: [],
  });
  assert.equal((await t.settled(stale)).succeeded, false);
  assert.equal(leaderOf([n1, n2, n3]), "n2");
});

clusterTest("Cluster keeps its leader when one link of it is bad", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  const before = n3.events.length;
  t.cut("n1", "n2");
  await t.pass(10_000);
  assert.equal(n2.member.isAlive("n1"), false, "The cut was not noticed");
  const changes = n3.events.slice(before).filter(({ type }) => type === "leader");
  assert.deepEqual(changes, [], "The leadership went back and forth");
  assert.equal(leaderOf([n1, n2, n3]), "n1");
  for (const node of [n1, n2, n3]) {
    assert.equal(node.member.hasQuorum, true);
    await t.settled(node.put(`from-${node.id}`, "x"));
  }
});

clusterTest("Cluster works in a ring in which each node sees only two others", five, async (t) => {
  const nodes = await t.form();
  const counts = nodes.map((node) => terms(node).length);
  for (let i = 0; i < 5; i++) t.cut(`n${i + 1}`, `n${(i + 2) % 5 + 1}`);
  await t.pass(5_000);
  for (const node of nodes) {
    assert.equal(node.member.hasQuorum, true);
    assert.equal((await t.settled(node.put(`from-${node.id}`, "x"))).succeeded, true);
  }
  assert.deepEqual(nodes.map((node) => terms(node).length), counts, "The leader changed");
});

clusterTest("Cluster hands over at once when its leader is told to stop", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  const startMs = t.clock.monotonicMs();
  await t.settled(n1.member.prepareStop());
  await t.until("n2 leads", () => n2.member.isLeader, 100);
  assert.ok(t.clock.monotonicMs() - startMs <= 50);
  assert.equal(n1.member.isLeader, false);
  await t.pass(2_000);
  assert.equal(leaderOf([n1, n2, n3]), "n2", "The stopping node has taken it back");
});

clusterTest("Cluster.prepareStop() does not wait for a quorum that is lost", three, async (t) => {
  const [n1] = await t.form();
  assert.ok(n1);
  t.cut("n1", "n2", "n3");
  const startMs = t.clock.monotonicMs();
  await t.settled(n1.member.prepareStop(), 5_000);
  assert.ok(t.clock.monotonicMs() - startMs <= 2_100);
});

clusterTest("Cluster opens no slots while nothing is written", five, async (t) => {
  const [n1] = await t.form();
  assert.ok(n1);
  await t.pass(3_000);
  const slot = n1.member.store.nextSlot;
  await t.pass(30_000);
  assert.equal(n1.member.store.nextSlot, slot);
});

clusterTest("Cluster keeps its heartbeats when a listener fails", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  n1.member.onEvent(() => {
    throw new Error("A bug of a listener");
  });
  t.cut("n1", "n2", "n3");
  await t.pass(3_000);
  t.heal("n1", "n2", "n3");
  await t.until("n1 is back", () => n1.member.hasQuorum && n2.member.isAlive("n1"), 3_000);
  await t.pass(5_000);
  assert.equal(n2.member.isAlive("n1"), true);
  assert.ok(n1.messages.some((line) => line.includes("A bug of a listener")));
});

const compacting = { ...three, snapshotEveryBytes: "64KiB" };

/** Writes so much that the others have forgotten what a node lacks. */
async function outrun(t: TestCluster, writer: TestNode): Promise<void> {
  const text = "x".repeat(2_000);
  for (let i = 0; i < 2_600; i++) {
    const before = writer.member.store.nextSlot;
    const written = writer.put(`k${i % 100}`, `${i}${text}`);
    await t.until("it is decided", () => writer.member.store.nextSlot > before);
    await written;
  }
}

for (const isDurable of [false, true]) {
  const kind = isDurable ? "durable" : "memory";
  const options = { ...compacting, isDurable };
  clusterTest(`Cluster sends a snapshot to who was away for long (${kind})`, options, async (t) => {
    const [n1, n2, n3] = await t.form();
    assert.ok(n1 && n2 && n3);
    await t.settled(n1.put("gone", "x"));
    await t.settled(n1.put("kept", "x"));
    assert.equal(await t.settled(n3.get("kept")), "x");
    const changes: StoreChange[] = [];
    n3.member.store.onChange((change) => changes.push(change));
    t.cut("n3", "n1", "n2");
    // One of these is decided while n3 is away, so that only the snapshot knows what became of it.
    const underWay = n3.put("by-n3", "x");
    await t.settled(n1.put("by-n1", "x"));
    const removed = n1.member.store.propose("user", {
      compare: [],
      then: [{ type: "delete", key: "user/gone" }],
      otherwise: [],
    });
    await t.settled(removed);
    await outrun(t, n1);
    t.heal("n3", "n1", "n2");
    await t.until(
      "n3 has a snapshot",
      () => n3.messages.some((line) => line.startsWith("A snapshot was installed")),
    );
    assert.equal((await t.settled(underWay)).succeeded, true);
    assert.equal(await t.settled(n3.get("by-n1")), "x");
    assert.equal(await t.settled(n3.get("gone")), undefined);
    assert.equal(await t.settled(n1.get("by-n3")), "x");
    assert.deepEqual(n3.member.store.state.snapshot(), n1.member.store.state.snapshot());
    // The listeners were told what differs, in order, and nothing of what is the same.
    const revisions = changes.map(({ revision }) => revision);
    assert.deepEqual(revisions, [...revisions].sort((a, b) => a - b), "Changes out of order");
    const events = changes.flatMap((change) => change.events);
    assert.ok(events.some(({ key, entry }) => key === "user/gone" && entry === undefined));
    assert.ok(!events.some(({ key }) => key === "user/kept"));
    // And it goes on from there, also after a restart.
    await t.kill("n3", "power");
    const again = t.start("n3");
    await t.until("it is a member", () => again.cluster);
    await t.settled(n1.put("after", "x"));
    await t.until("it has caught up", () => again.local("after") === "x");
    assert.equal(again.local("by-n1"), "x");
  });
}

clusterTest("Cluster installs no snapshot that is not what was sent", compacting, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  t.cut("n3", "n1", "n2");
  await outrun(t, n1);
  for (const { member } of [n1, n2]) {
    member.asks.handle("snapshot", () => Promise.resolve(new Uint8Array(100_000)));
  }
  t.heal("n3", "n1", "n2");
  const isRefused = (line: string) => line.includes("does not match its hash");
  await t.until("n3 refuses", () => n3.messages.some(isRefused));
  assert.equal(n3.local("k0"), undefined);
  assert.equal(n3.failure, undefined);
});

clusterTest(
  "Cluster lets a second process with the id of a linked one not in",
  three,
  async (t) => {
    const [n1, n2, n3] = await t.form();
    assert.ok(n1 && n2 && n3);
    await t.pass(1_500);
    // The same id from another address; the first process goes on.
    const second = t.start("n3", { host: "n3-copy" });
    await t.pass(5_000);
    assert.equal(second.cluster, undefined);
    assert.ok(second.messages.some((line) => line.includes("Another process uses the id n3")));
    assert.equal(n3.failure, undefined);
    assert.equal((await t.settled(n3.put("a", "x"))).succeeded, true);
    assert.equal(n1.member.connected.length, 2);
  },
);

clusterTest("Cluster ends a process of which another has taken over the id", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  await t.settled(n3.put("a", "x"));
  t.cut("n3", "n1", "n2");
  const second = t.start("n3", { host: "n3-copy" });
  await t.until("the second is a member", () => second.cluster);
  await t.settled(second.put("b", "y"));
  assert.ok(n3.failure === undefined);
  t.cut("n3-copy", "n1", "n2");
  await t.until("the second is lost", () => !n1.member.connected.includes("n3"), 3_000);
  t.heal("n3", "n1", "n2");
  await t.until("the first one stops", () => n3.failure?.name === "NODE_ID_TAKEN", 5_000);
});

clusterTest("Cluster takes a node back whose clock was set back", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  await t.settled(n3.put("a", "x"));
  await t.kill("n3");
  t.clock.jumpWall(-86_400_000);
  const again = t.start("n3");
  await t.until("it is a member", () => again.cluster);
  // Its first write may come before it knows of its former life.
  const first = await t.settled(again.put("b", "y"));
  assert.equal(first.succeeded, true);
  assert.equal(await t.settled(n1.get("b")), "y");
  await turn();
  assert.equal(again.failure, undefined);
});

clusterTest("Cluster finds a node that comes back at another address", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  for (const id of ["n1", "n3"]) {
    await t.kill(id);
    await t.settled(n2.put(`without-${id}`, "x"));
    // The others still call it where it was.
    const moved = t.start(id, { host: `${id}-moved` });
    await t.until("it is a member", () => moved.cluster);
    await t.settled(moved.register());
    await t.until("it votes", () => !moved.member.store.isAbstaining);
    assert.equal(await t.settled(moved.get(`without-${id}`)), "x");
    await t.pass(3_000);
    assert.equal(n2.member.isAlive(id), true);
    assert.equal(n2.member.connected.includes(id), true);
  }
});
