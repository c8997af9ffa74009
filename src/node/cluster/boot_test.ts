import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { SeededRandom } from "../../base/random.ts";
import { DataDirectory } from "../../io/log/data_directory.ts";
import { encodeCommand } from "../../protocol/store/command.ts";
import { StoreState } from "../../store/state.ts";
import { clusterTest, TestCluster, type TestNode } from "./cluster_fixture_test.ts";

const three = { nodes: ["n1", "n2", "n3"] };
const durable = { ...three, isDurable: true };

/** All nodes are of one cluster, and each can write. */
async function assertOneCluster(t: TestCluster, nodes: readonly TestNode[]): Promise<void> {
  const ids = new Set(nodes.map(({ member }) => member.id));
  assert.equal(ids.size, 1, `Cluster ids: ${[...ids]}`);
  for (const node of nodes) {
    await t.until(`${node.id} has a quorum`, () => node.member.hasQuorum);
    const key = `from-${node.id}-${t.clock.monotonicMs()}`;
    assert.equal((await t.settled(node.put(key, "x"))).succeeded, true);
    for (const other of nodes) assert.equal(await t.settled(other.get(key)), "x");
  }
}

for (const count of [3, 5, 7]) {
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`);
  clusterTest(`bootCluster() forms ${count} nodes in any order of start`, { nodes }, async (t) => {
    const random = new SeededRandom(count);
    const order = [...nodes].sort(() => random.nextFloat() - 0.5);
    const started: TestNode[] = [];
    for (const id of order) {
      assert.ok(started.every(({ cluster }) => cluster === undefined), "A part forms nothing");
      started.push(t.start(id));
      await t.pass(random.nextBelow(2_500));
    }
    await t.until("all are members", () => started.every(({ cluster }) => cluster));
    await assertOneCluster(t, started);
  });
}

clusterTest("bootCluster() refuses peers that list other founders", three, async (t) => {
  const started = ["n1", "n2"].map((id) => t.start(id));
  const wrong = t.start("n3", { peers: ["n2", "n3"] });
  await t.until("somebody refuses", () => started.some(({ startError }) => startError));
  await t.pass(2_000);
  const errors = [...started, wrong].map(({ startError }) => startError);
  for (const error of errors) {
    if (error === undefined) continue;
    assert.ok(error instanceof AetherError);
    assert.equal(error.name, "CONFIG_INVALID");
    assert.match(error.message, /lists the peers/);
  }
  assert.ok([...started, wrong].every(({ cluster }) => cluster === undefined));
});

clusterTest(
  "bootCluster() counts nobody who was started again before all came",
  three,
  async (t) => {
    t.start("n1");
    t.start("n2");
    await t.pass(1_000);
    await t.kill("n2");
    await t.pass(50);
    t.start("n3");
    await t.pass(20);
    const nodes = [t.node("n1"), t.start("n2"), t.node("n3")];
    await t.until("all are members", () => nodes.every(({ cluster }) => cluster));
    await assertOneCluster(t, nodes);
  },
);

clusterTest(
  "bootCluster() brings a node without memory back as one that votes",
  three,
  async (t) => {
    const [n1] = await t.form();
    assert.ok(n1);
    await t.settled(n1.put("before", "1"));
    await t.kill("n3");
    await t.settled(n1.put("meanwhile", "2"));
    const again = t.start("n3");
    await t.until("it is a member", () => again.cluster);
    assert.equal(again.member.store.isAbstaining, true);
    await t.until("it has caught up", () => again.local("meanwhile") === "2");
    // It abstains from what it may have taken part in; soon afterwards its vote counts.
    await t.until("it votes", () => !again.member.store.isAbstaining, 1_000);
    await t.kill("n2");
    await assertOneCluster(t, [n1, again]);
  },
);

clusterTest("bootCluster() brings every node back, one after the other", three, async (t) => {
  let nodes = await t.form();
  for (let round = 0; round < 6; round++) {
    const id = `n${round % 3 + 1}`;
    await t.kill(id);
    await t.settled(t.node(id === "n1" ? "n2" : "n1").put(`round-${round}`, "x"));
    const again = t.start(id);
    await t.until("it is a member", () => again.cluster);
    await t.pass(1_500);
    nodes = [...t.nodes.values()];
    await assertOneCluster(t, nodes);
    for (let before = 0; before <= round; before++) {
      assert.equal(await t.settled(again.get(`round-${before}`)), "x");
    }
  }
});

clusterTest("bootCluster() goes on from all disks after a power cut", durable, async (t) => {
  const nodes = await t.form();
  const { id } = nodes[0]?.member ?? { id: "" };
  for (let i = 0; i < 20; i++) await t.settled(t.node(`n${i % 3 + 1}`).put(`k${i}`, `v${i}`));
  for (const { id } of nodes) await t.kill(id, "power");
  const again = await t.form("n3", "n1", "n2");
  assert.equal(again[0]?.member.id, id);
  for (const node of again) {
    for (let i = 0; i < 20; i++) assert.equal(await t.settled(node.get(`k${i}`)), `v${i}`);
  }
  await assertOneCluster(t, again);
});

clusterTest("bootCluster() has after a restart what it learned from others", durable, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  t.cut("n3", "n1", "n2");
  await t.until("n3 is alone", () => n3.member.connected.length === 0);
  for (let i = 0; i < 300; i++) await t.settled(n1.put(`k${i}`, `v${i}`));
  t.heal("n3", "n1", "n2");
  await t.until("n3 has caught up", () => n3.local("k299") === "v299");
  await t.pass(1_000);
  await t.kill("n3");
  t.cut("n3", "n1", "n2");
  const again = t.start("n3");
  await t.until("it is a member", () => again.cluster);
  for (let i = 0; i < 300; i++) assert.equal(again.local(`k${i}`), `v${i}`);
});

clusterTest("bootCluster() never forgets that it abstains", durable, async (t) => {
  const [n1] = await t.form();
  assert.ok(n1);
  await t.settled(n1.put("a", "1"));
  await t.kill("n2");
  await t.kill("n3");
  t.disks.delete("n3");
  // Only one node remembers: nobody can say in what the lost life of n3 took part.
  let again = t.start("n3");
  await t.until("it is a member", () => again.cluster);
  await t.pass(3_000);
  let isWritten = false;
  const writing = n1.put("b", "2").then(() => {
    isWritten = true;
  });
  await t.pass(3_000);
  assert.equal(isWritten, false, "A node without memory has voted");
  for (let round = 0; round < 3; round++) {
    await t.kill("n3", "power");
    again = t.start("n3");
    await t.until("it is a member", () => again.cluster);
    await t.pass(3_000);
    assert.equal(isWritten, false, "It has forgotten that it must not vote");
  }
  const n2 = t.start("n2");
  await t.until("it is a member", () => n2.cluster);
  await t.settled(writing);
  // With two witnesses its abstention ends, and that it has ended survives as well.
  await t.pass(2_000);
  await t.kill("n2");
  await assertOneCluster(t, [n1, again]);
  await t.kill("n3", "power");
  again = t.start("n3");
  await t.until("it is a member", () => again.cluster);
  await assertOneCluster(t, [n1, again]);
});

clusterTest("bootCluster() survives a power cut at any step of forming", durable, async (t) => {
  for (let steps = 0; steps < 600; steps += steps < 40 ? 1 : 29) {
    for (const id of [...t.nodes.keys()]) await t.kill(id);
    t.disks.clear();
    t.disk("n1").crashAfterSteps(steps);
    const started = ["n1", "n2", "n3"].map((id) => t.start(id));
    const [n1] = started;
    assert.ok(n1);
    await t.pass(400);
    await t.kill("n1", "power");
    const again = t.start("n1");
    const nodes = [again, t.node("n2"), t.node("n3")];
    await t.until(
      `all are members, cut after ${steps} steps`,
      () => nodes.every(({ cluster }) => cluster),
    );
    assert.equal(again.member.store.voters.length, 3, `alone after ${steps} steps`);
    await assertOneCluster(t, nodes);
  }
});

clusterTest("bootCluster() tells others no address that is none", three, async (t) => {
  const nodes = [t.start("n1"), t.start("n2"), t.start("n3", { host: "0.0.0.0" })];
  await t.until("all are members", () => nodes.every(({ cluster }) => cluster));
  assert.deepEqual(nodes.map(({ address }) => address), ["n1:1", "n2:1", "n3:1"]);
});

Deno.test("bootCluster() opens what a node wrote that was alone", async (t) => {
  for (const hasSnapshot of [false, true]) {
    await t.step(hasSnapshot ? "with a snapshot" : "with a log only", async () => {
      const cluster = new TestCluster({ nodes: [], isDurable: true });
      const command = (sequence: number, key: string) => ({
        node: "n1",
        incarnation: 3,
        sequence,
        acknowledgedBelow: 0,
        writer: "user" as const,
        transaction: {
          compare: [],
          then: [{
            type: "put" as const,
            key: `user/${key}`,
            value: new TextEncoder().encode(key),
            contentType: "text/plain",
          }],
          otherwise: [],
        },
      });
      const data = await DataDirectory.open(cluster.disk("n1"), {
        nodeId: "n1",
        create: () => ({ clusterId: "old", nodeId: "n1" }),
      });
      data.log.append(1, encodeCommand(command(1, "first")));
      if (hasSnapshot) {
        const state = new StoreState({ maxBytes: 1_000_000 });
        state.apply(command(1, "first"));
        await data.saveSnapshot({ index: 1, body: state.snapshot() });
      }
      data.log.append(1, encodeCommand(command(2, "second")));
      await data.log.close();
      for (let life = 0; life < 3; life++) {
        const node = cluster.start("n1");
        await cluster.until("it is a member", () => node.cluster);
        assert.equal(node.member.id, "old");
        assert.deepEqual(node.member.store.voters, ["n1"]);
        assert.equal(await cluster.settled(node.get("first")), "first");
        assert.equal(await cluster.settled(node.get("second")), "second");
        await cluster.settled(node.put(`life-${life}`, "x"));
        for (let i = 0; i <= life; i++) assert.equal(node.local(`life-${i}`), "x");
        await cluster.kill("n1", "power");
      }
    });
  }
});
