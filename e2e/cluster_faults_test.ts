/**
 * Clusters of real processes under faults of processes and networks: no acknowledged write is lost,
 * what clients see is linearizable, and the cluster takes writes again soon after.
 *
 * @module
 */
import { TestCluster } from "./lib/cluster.ts";
import { faultNames, faultRound, faultsFor } from "./lib/faults.ts";
import { labTest, labTests } from "./lib/netns.ts";

const randomRounds = 10;
const faultMs = { min: 2_500, max: 3_500 };

labTests(import.meta.url, 300_000, () => {
  labTest("Five durable nodes survive every kind of fault", async (world, lab) => {
    const hosts = lab.hosts.slice(0, 5);
    const cluster = await TestCluster.create(world, {
      hosts,
      isDurable: true,
      // Snapshots are made all the time, so that faults hit those as well.
      config: '[store]\nsnapshotEveryBytes = "64KiB"\n',
    });
    await cluster.start();
    for (const fault of faultNames) {
      // Long enough for every time-out that there is.
      const isLong = fault === "pause two";
      const lastsMs = isLong ? { min: 10_000, max: 10_000 } : faultMs;
      const report = await faultRound({ lab, cluster, seed: fault, faultMs: lastsMs }, fault);
      console.log(JSON.stringify(report));
    }
  });

  labTest(`Five nodes without disks survive ${randomRounds} random faults`, async (world, lab) => {
    const hosts = lab.hosts.slice(0, 5);
    const cluster = await TestCluster.create(world, { hosts, isDurable: false });
    await cluster.start();
    const seed = Deno.env.get("AETHER_SEED") ?? String(Date.now());
    for (let round = 0; round < randomRounds; round++) {
      const options = { lab, cluster, seed: `${seed}/${round}`, faultMs };
      console.log(JSON.stringify(await faultRound(options, faultsFor(5, false))));
    }
  });
});
