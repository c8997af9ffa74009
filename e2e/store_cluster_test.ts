/**
 * What the store promises, seen from different nodes of one cluster.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { followWatch } from "../src/client/watch.ts";
import type { WatchMessage } from "../src/protocol/api/data/kv.ts";
import { startLocalCluster } from "./lib/local_cluster.ts";
import type { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

const type = "text/plain";

function bytes(text: string) {
  return { bytes: new TextEncoder().encode(text), contentType: type };
}

function three(nodes: readonly Node[]): readonly [Node, Node, Node] {
  const [first, second, third] = nodes;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  return [first, second, third];
}

e2eTest(
  "a session reads its own writes on other nodes, and repeats them safely there",
  async (world) => {
    const [first, second, third] = three((await startLocalCluster(world, 3)).nodes);
    for (let round = 0; round < 20; round++) {
      const headers = { "idempotency-key": `round-${round}` };
      const call = { params: { key: "session" }, headers, body: bytes(String(round)) };
      const { revision } = await first.client.call("kvPut", call);
      const params = { key: "session" };
      const read = await second.client.call("kvGet", { params, query: { minRevision: revision } });
      assert.equal(new TextDecoder().decode(read.bytes), String(round));
      assert.equal((await third.client.call("kvPut", call)).revision, revision);
    }
  },
);

e2eTest("watches on every node give the same changes in the same order", async (world) => {
  const nodes = three((await startLocalCluster(world, 3)).nodes);
  const { revision: from } = await nodes[0].client.call("kvList");
  const count = 60;
  const follow = async (node: Node) => {
    const messages: WatchMessage[] = [];
    let events = 0;
    for await (const message of followWatch(node.client, { prefix: "w/", from })) {
      if (message.type !== "change") continue;
      messages.push(message);
      events += message.events.length;
      if (events === count) return messages;
    }
    return messages;
  };
  const watching = Promise.all(nodes.map(follow));
  await Promise.all(nodes.map(async ({ client }, writer) => {
    for (let round = 0; round < count / 3; round++) {
      const params = { key: `w/${writer}/${round}` };
      await client.call("kvPut", { params, body: bytes(`${writer}`) });
    }
  }));
  const [first, ...others] = await watching;
  for (const other of others) assert.deepEqual(other, first);
  const revisions = first?.map(({ revision }) => revision) ?? [];
  assert.deepEqual(revisions, [...revisions].sort((a, b) => a - b));
});

e2eTest(
  "a lock is for one node's client at a time, and ends although the leader dies",
  async (world) => {
    const nodes = three((await startLocalCluster(world, 3)).nodes);
    const { nodes: members } = await nodes[0].client.call("nodes");
    const leader = members.findIndex(({ leader }) => leader);
    const [one, other] = nodes.filter((_, index) => index !== leader);
    assert.ok(one !== undefined && other !== undefined);
    const params = { name: "the/lock" };
    const held = await one.client.call("lockAcquire", {
      params,
      body: { holder: "one", ttlMs: 3_000 },
    });
    const again = other.client.call("lockAcquire", { params, body: { holder: "other" } });
    await assert.rejects(again, { name: "LOCK_HELD" });
    await nodes[leader]?.crash();
    const startedAt = performance.now();
    const next = await until("the lock is free", async () => {
      const body = { holder: "other", waitMs: 5_000 };
      return await other.client.call("lockAcquire", { params, body }).catch(() => undefined);
    });
    assert.ok(next.token > held.token);
    assert.ok(performance.now() - startedAt > 2_000, "not before its time");
    const { lease, token } = held;
    await assert.rejects(one.client.call("lockRenew", { params, body: { lease, token } }), {
      name: "LOCK_LOST",
    });
  },
);

e2eTest("an override set on one node holds on all, or on the one it is for", async (world) => {
  const nodes = three((await startLocalCluster(world, 3)).nodes);
  await nodes[0].must(["config", "set", "management.maxInFlight", "77"]);
  await nodes[1].must(["config", "set", "management.maxInFlight", "33", "--node", "n3"]);
  const valueOf = async (node: Node) => {
    const { keys } = await node.client.call("configList");
    return keys.find(({ key }) => key === "management.maxInFlight")?.value;
  };
  await until("all follow", async () => {
    const values = await Promise.all(nodes.map(valueOf));
    return values.join() === "77,77,33" || undefined;
  });
});
