/**
 * Clusters of real processes under faults of processes and networks: no acknowledged write is lost,
 * what clients see is linearizable, and the cluster takes writes again soon after.
 *
 * @module
 */
import { TestCluster } from "./lib/cluster.ts";
import { faultNames, faultRound } from "./lib/faults.ts";
import { labTest, labTests } from "./lib/netns.ts";

const faultMs = { min: 2_500, max: 4_000 };

labTests(import.meta.url, 300_000, () => {
  labTest("Five durable nodes survive every kind of fault", async (world, lab) => {
    const hosts = lab.hosts.slice(0, 5);
    const cluster = await TestCluster.create(world, { hosts, isDurable: true });
    await cluster.start();
    for (const fault of faultNames) {
      const report = await faultRound({ lab, cluster, seed: fault, faultMs }, fault);
      console.log(JSON.stringify(report));
    }
  });
});
