/**
 * Clusters of real processes form, whatever the order in which their nodes are started.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../src/base/random.ts";
import { TestCluster } from "./lib/cluster.ts";
import { labTest, labTests } from "./lib/netns.ts";

labTests(import.meta.url, 120_000, () => {
  for (const count of [3, 5, 7]) {
    labTest(`${count} nodes form one cluster in any order of start`, async (world, lab) => {
      const hosts = lab.hosts.slice(0, count);
      const random = new SeededRandom(count);
      const cluster = await TestCluster.create(world, { hosts, isDurable: count === 5 });
      for (const node of [...cluster.nodes].sort(() => random.nextFloat() - 0.5)) {
        node.launch();
        await new Promise((resolve) => setTimeout(resolve, random.nextBelow(700)));
      }
      await Promise.all(cluster.nodes.map((node) => node.ready()));
      await cluster.writable();
      for (const node of cluster.nodes) {
        for (const other of cluster.nodes) {
          assert.ok((await node.get(`probe/${other.id}`)) !== undefined);
        }
        assert.equal((await cluster.leader(node))?.id, "n1");
      }
    });
  }
});
