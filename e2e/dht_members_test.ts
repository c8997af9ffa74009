/**
 * How much of what is stored moves when a node joins a cluster of real processes, and leaves it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { ArtifactCluster } from "./lib/artifacts_run.ts";
import { freePorts } from "./lib/local_cluster.ts";
import { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

const keys = Array.from({ length: 300 }, (_, index) => `org.example:key-${index}`);
const replicas = 3;
/** Of what an even share would be. */
const movedMax = 1.3;

/** The owners of each key. */
async function ownersOf(node: Node): Promise<ReadonlyMap<string, readonly string[]>> {
  const owners = new Map<string, readonly string[]>();
  for (const key of keys) {
    const location = await node.client.call("dhtLocate", { query: { scope: "artifacts", key } });
    owners.set(key, location.owners.map((owner) => owner.node));
  }
  return owners;
}

/** Copies that `after` has at nodes where `before` has none. */
function moved(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): number {
  return keys.reduce((sum, key) => {
    const had = before.get(key) ?? [];
    return sum + (after.get(key) ?? []).filter((node) => !had.includes(node)).length;
  }, 0);
}

e2eTest("a node that joins or leaves moves little more than its share", async (world) => {
  const cluster = await ArtifactCluster.start(world, 4);
  const n1 = cluster.node(1);
  const settled = (count: number) =>
    until(`the DHT has ${count} members`, async () => {
      const { isOpen, members } = await n1.client.call("dhtStatus");
      return !isOpen && members.length === count || undefined;
    });
  const four = await ownersOf(n1);

  const [port = 0] = freePorts(1);
  await n1.client.call("clusterAdd", { body: { node: "n5", address: `127.0.0.1:${port}` } });
  await Node.start(world, [
    ...["--node-id", "n5", "--port", String(port), "--gateway-port", "0"],
    ...["--data-dir", world.path("n5"), "--peers", cluster.peers],
  ]);
  await settled(5);
  const five = await ownersOf(n1);

  await n1.client.call("clusterRemove", { params: { node: "n5" } });
  await settled(4);
  const again = await ownersOf(n1);

  const share = keys.length * replicas / 5;
  const figures = { joined: moved(four, five) / share, left: moved(five, again) / share };
  for (const ratio of Object.values(figures)) {
    assert.ok(ratio > 0.5 && ratio <= movedMax, JSON.stringify(figures));
  }
  assert.deepEqual(again, four);
  console.log(JSON.stringify(figures));
});
