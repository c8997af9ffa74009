/**
 * Nodes leave a cluster under load, by a drain and by SIGTERM, and no request fails.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { Load } from "./lib/load.ts";
import { labTest, labTests } from "./lib/netns.ts";
import { root } from "./lib/program.ts";

const clients = 6;
const text = `id = "org.example:app:1.0.0"
[[slices]]
artifact = "org.example:echo:1.0.0"
instances = 3
minAvailable = 2
`;

/** Clients that take one node after the other. */
function loadOn(nodes: readonly ClusterNode[]): Load {
  return new Load(clients, (client, round) => {
    const node = nodes[(client + round) % nodes.length] as ClusterNode;
    return new Request(`http://${node.host.management}:8070/echo/${client}.${round}`);
  });
}

/** Ids of the nodes with ACTIVE instances, one for each instance. */
async function places(node: ClusterNode): Promise<string[]> {
  type View = { instances: { node: string; state: string }[] };
  const view = await node.json<View>("/api/slices/status");
  return (view?.instances ?? []).filter(({ state }) => state === "ACTIVE")
    .map((each) => each.node).sort();
}

labTests(import.meta.url, 180_000, () => {
  labTest("A drain and a planned stop fail no request", async (world, lab) => {
    const cluster = await TestCluster.create(world, {
      hosts: lab.hosts.slice(0, 3),
      isDurable: false,
    });
    await cluster.start();
    await cluster.ready();
    const [one, two, three] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    await one.must(["slice", "publish", `${root}/slices/echo`, "--skip-check"]);
    await one.must(["blueprint", "apply", "-"], text);
    await until("every node has an instance", async () => {
      return (await places(one)).join() === "n1,n2,n3" || undefined;
    });

    const drained = loadOn(cluster.nodes);
    await drained.more(100);
    const followed = await one.must(["node", "drain", "n2"]);
    assert.match(followed, /n2 is DECOMMISSIONED: 0 instances left/);
    await drained.more(100);
    await drained.stop();
    assert.deepEqual(drained.failed, []);
    const rest = await places(one);
    assert.equal(rest.length, 3);
    assert.ok(!rest.includes("n2"), rest.join());
    const why = await three.must(["explain", "instance", "org.example:echo"]);
    assert.match(why, /n2 +0 +Refused: the node is DECOMMISSIONED/);
    const refused = await two.request("/api/node/drain/n2", {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    assert.equal(refused.status, 409, refused.text);

    await three.must(["node", "activate", "n2"]);
    await until("n2 has its share again", async () => {
      return (await places(one)).join() === "n1,n2,n3" || undefined;
    });
    const stopped = loadOn([one, two]);
    await stopped.more(100);
    three.process.kill("SIGTERM");
    assert.equal((await three.process.ended).code, 0);
    await stopped.more(100);
    await stopped.stop();
    assert.deepEqual(stopped.failed, []);
    assert.equal((await places(one)).length, 3);
  });
});
