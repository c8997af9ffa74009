import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { SeededRandom } from "../../base/random.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import { userPrefix } from "../../protocol/store/user_key.ts";
import type { StoreChange } from "../../store/state.ts";
import { clusterTest, TestCluster, type TestNode, turn } from "./cluster_fixture_test.ts";

const alone = { nodes: [], isDurable: true };
const three = { nodes: ["n1", "n2", "n3"], isDurable: true };

function isName(name: string): (error: unknown) => boolean {
  return (error) => error instanceof AetherError && error.name === name;
}

async function startAlone(t: TestCluster): Promise<TestNode> {
  const node = t.start("n1");
  await t.until("it is a member", () => node.cluster);
  await t.until("it leads", () => node.member.leader);
  return node;
}

clusterTest("ReplicatedStore of one voter answers only what is durable", alone, async (t) => {
  const node = await startAlone(t);
  t.disk("n1").faults = { unsynced: "lost" };
  let isAnswered = false;
  const writing = node.put("a", "1").then(() => {
    isAnswered = true;
  });
  // The disk is synced in promises only, so everything that needs none has happened here.
  await Promise.resolve();
  assert.equal(isAnswered, false);
  await t.settled(writing);
  await t.kill("n1", "power");
  const again = await startAlone(t);
  assert.equal(await t.settled(again.get("a")), "1");
});

/** Writes until the power fails; notes what was acknowledged. */
async function writeUntilDeath(
  t: TestCluster,
  node: TestNode,
  acknowledged: Map<string, string>,
  pending: Map<string, string>,
): Promise<void> {
  for (let i = 0; node.failure === undefined && i < 500; i++) {
    const key = `k${i % 7}`;
    const value = `${t.clock.monotonicMs()}-${i}-${"x".repeat(i * 37 % 3_000)}`;
    pending.set(key, value);
    node.put(key, value).then(() => {
      acknowledged.set(key, value);
      pending.delete(key);
    }, () => {});
    await t.pass(1);
  }
}

Deno.test("ReplicatedStore loses nothing it acknowledged, wherever the power fails", async () => {
  const random = new SeededRandom("power");
  const cluster = new TestCluster({ ...alone, snapshotEveryBytes: "64KiB" });
  const acknowledged = new Map<string, string>();
  const pending = new Map<string, string>();
  let snapshots = 0;
  for (let round = 0; round < 60; round++) {
    const disk = cluster.disk("n1");
    const node = await startAlone(cluster);
    for (const [key, value] of acknowledged) {
      const stored = await cluster.settled(node.get(key));
      // What was not answered may have been done.
      const isOk = stored === value || (stored !== undefined && stored === pending.get(key));
      assert.ok(
        isOk,
        `Round ${round}: ${key} is ${stored?.slice(0, 20)}, not ${value.slice(0, 20)}`,
      );
      if (stored !== undefined) acknowledged.set(key, stored);
    }
    pending.clear();
    snapshots += (await disk.list()).filter((name) => name.startsWith("snap")).length;
    disk.crashAfterSteps(random.nextBelow(200_000));
    await writeUntilDeath(cluster, node, acknowledged, pending);
    await cluster.kill("n1", "power");
  }
  assert.ok(acknowledged.size === 7 && snapshots > 60, `${acknowledged.size} keys, ${snapshots}`);
  await cluster.close();
});

Deno.test("ReplicatedStore of three loses nothing when the power of all fails", async () => {
  const random = new SeededRandom("three");
  const cluster = new TestCluster({ ...three, snapshotEveryBytes: "64KiB" });
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < 25; round++) {
    const nodes = await cluster.form();
    for (const node of nodes) {
      for (const [key, value] of acknowledged) {
        assert.equal((await cluster.settled(node.get(key)))?.slice(0, 20), value.slice(0, 20));
      }
    }
    // One key per write, so that what was not answered cannot hide what was.
    for (let i = 0, end = 20 + random.nextBelow(60); i < end; i++) {
      const key = `r${round}-${i}`;
      const value = `${key}-${"x".repeat(i * 37 % 3_000)}`;
      const node = nodes[random.nextBelow(3)];
      node?.put(key, value).then(() => acknowledged.set(key, value), () => {});
      await cluster.pass(random.nextBelow(4));
    }
    const order = ["n1", "n2", "n3"].sort(() => random.nextFloat() - 0.5);
    for (const id of order) {
      await cluster.kill(id, "power");
      await cluster.pass(random.nextBelow(5));
    }
  }
  assert.ok(acknowledged.size > 300, `Only ${acknowledged.size} writes were acknowledged`);
  await cluster.close();
});

clusterTest("ReplicatedStore stops the node when the disk is full", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  const disk = t.disk("n1");
  // The log has some hundred KiB in reserve.
  disk.faults = { capacityBytes: await usedBytes(t, "n1") };
  const results: Promise<unknown>[] = [];
  for (let i = 0; i < 30; i++) {
    results.push(n1.put(`k${i}`, "x".repeat(20_000)).catch((error) => error));
    await t.pass(5);
  }
  await t.until("n1 fails", () => n1.failure);
  assert.ok(isName("STORAGE_FAILED")(n1.failure));
  assert.match(String(n1.failure?.message), /no space left/);
  // It answers nobody any more, and the others go on.
  await t.kill("n1", "process");
  for (const result of await t.settled(Promise.all(results))) {
    if (result instanceof Error) assert.ok(!isName("INTERNAL")(result), String(result));
  }
  await t.settled(n2.put("after", "x"));
  // With room again it comes back with everything.
  disk.faults = {};
  const again = t.start("n1");
  await t.until("it is a member", () => again.cluster);
  assert.equal(await t.settled(again.get("after")), "x");
  assert.deepEqual(again.member.store.state.snapshot(), n3.member.store.state.snapshot());
});

async function usedBytes(t: TestCluster, id: string): Promise<number> {
  const disk = t.disk(id);
  let used = 0;
  for (const name of await disk.list()) used += (await disk.read(name))?.length ?? 0;
  return used;
}

clusterTest("ReplicatedStore stops the node when a sync fails", alone, async (t) => {
  const node = await startAlone(t);
  t.disk("n1").faults = { syncErrorRate: 1 };
  const writing = node.put("a", "1").then(() => "done", () => "refused");
  await t.until("it fails", () => node.failure);
  assert.ok(isName("STORAGE_FAILED")(node.failure));
  await assert.rejects(t.settled(node.get("a")), isName("NODE_STOPPING"));
  await t.kill("n1");
  assert.equal(await writing, "refused");
});

clusterTest("ReplicatedStore.propose() refuses what no frame could carry", alone, async (t) => {
  const node = await startAlone(t);
  const put = (key: string) => ({
    type: "put" as const,
    key: `${userPrefix}${key}`,
    value: new Uint8Array(1_000_000),
    contentType: "x",
  });
  const transaction = { compare: [], then: ["a", "b", "c", "d"].map(put), otherwise: [] };
  const writing = node.member.store.propose("user", transaction);
  await assert.rejects(t.settled(writing), isName("VALUE_TOO_LARGE"));
  const smaller = { ...transaction, then: transaction.then.slice(0, 2) };
  assert.equal((await t.settled(node.member.store.propose("user", smaller))).outcome, "done");
});

clusterTest("ReplicatedStore carries the largest writes to all nodes", three, async (t) => {
  const [n1, n2, n3] = await t.form();
  assert.ok(n1 && n2 && n3);
  const value = "x".repeat(1_400_000);
  t.cut("n3", "n1", "n2");
  for (const key of ["a", "b", "c"]) {
    const put = (half: string) => ({
      type: "put" as const,
      key: `${userPrefix}${key}${half}`,
      value: new TextEncoder().encode(value),
      contentType: "x",
    });
    const then = [put("1"), put("2")];
    await t.settled(n1.member.store.propose("user", { compare: [], then, otherwise: [] }));
  }
  t.heal("n3", "n1", "n2");
  assert.equal((await t.settled(n3.get("c2")))?.length, value.length);
  for (const node of [n1, n2, n3]) assert.equal(node.failure, undefined);
});

clusterTest("ReplicatedStore tells its listeners of each change in order", three, async (t) => {
  const [n1, n2] = await t.form();
  assert.ok(n1 && n2);
  const changes: StoreChange[] = [];
  n2.member.store.onChange(() => {
    throw new Error("A bug of a listener");
  });
  const stop = n2.member.store.onChange((change) => changes.push(change));
  const first = n2.member.store.state.revision;
  for (let i = 0; i < 20; i++) await t.settled(n1.put(`k${i}`, "x"));
  await t.settled(n2.get("k19"));
  stop();
  await t.settled(n1.put("later", "x"));
  await t.settled(n2.get("later"));
  assert.deepEqual(
    changes.map(({ revision, events }) => [revision, events[0]?.key]),
    Array.from({ length: 20 }, (_, i) => [first + i + 1, `${userPrefix}k${i}`]),
  );
});

clusterTest(
  "ReplicatedStore tells of the system's changes alone when asked to",
  three,
  async (t) => {
    const [n1, n2] = await t.form();
    assert.ok(n1 && n2);
    const told: string[] = [];
    n2.member.store.onChange(({ events }) => told.push(...events.map(({ key }) => key)), "system");
    const { revision } = n1.member.store.state;
    await t.settled(n1.put("a", "x"));
    const then = [keys.leader.put(leaderKey, { node: "n1" })];
    await t.settled(n1.member.store.propose("node", { compare: [], then, otherwise: [] }));
    await t.settled(n2.get("a"));
    assert.deepEqual([n2.member.store.state.revision, told], [revision + 2, [leaderKey]]);
  },
);

clusterTest(
  "ReplicatedStore.readBarrier() sees every write acknowledged before",
  three,
  async (t) => {
    const nodes = await t.form();
    const random = new SeededRandom("reads");
    for (const from of ["n1", "n2", "n3"]) {
      for (const to of ["n1", "n2", "n3"]) {
        if (from !== to) t.network.setDelay(from, to, { minMs: 1, maxMs: 30 });
      }
    }
    for (let i = 0; i < 100; i++) {
      const writer = nodes[random.nextBelow(3)];
      const reader = nodes[random.nextBelow(3)];
      assert.ok(writer && reader);
      await t.settled(writer.put("register", String(i)));
      assert.equal(await t.settled(reader.get("register")), String(i));
    }
  },
);

clusterTest("ReplicatedStore ends what waits when it is closed", three, async (t) => {
  const [n1] = await t.form();
  assert.ok(n1);
  t.cut("n1", "n2", "n3");
  const writing = n1.put("a", "x").catch((error) => error);
  const reading = n1.get("a").catch((error) => error);
  await t.pass(20);
  const queued = n1.put("b", "x").catch((error) => error);
  await n1.member.store.close();
  await turn();
  assert.ok(isName("OUTCOME_UNKNOWN")(await writing));
  assert.ok(isName("NODE_STOPPING")(await queued));
  assert.ok(isName("NODE_STOPPING")(await reading));
  await assert.rejects(n1.put("c", "x"), isName("NODE_STOPPING"));
  assert.equal(n1.failure, undefined);
});

clusterTest("ReplicatedStore works while the disk of one node hangs", three, async (t) => {
  const nodes = await t.form();
  const [n1, n2, n3] = nodes;
  assert.ok(n1 && n2 && n3);
  const disk = t.disk("n3");
  const release = disk.hang();
  const value = "x".repeat(400_000);
  for (let i = 0; i < 300; i++) {
    await t.settled(n1.put(`k${i % 20}`, `${i}${value}`));
  }
  assert.equal(n3.failure, undefined, "It died of what it could not write");
  release();
  assert.equal(await t.settled(n3.get("k19")), `299${value}`);
  assert.equal(n3.failure, undefined);
});
