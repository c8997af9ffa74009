/**
 * `deno task soak [OPTIONS]`: random faults on a cluster of real processes for as long as is
 * wanted, each round checked; see `lib/faults.ts`. The seed is printed, and `--seed SEED` gives the
 * same faults again.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { TestCluster } from "./lib/cluster.ts";
import { faultNames, faultRound, faultsFor } from "./lib/faults.ts";
import { isInLab, Lab, runInLab } from "./lib/netns.ts";
import { World } from "./lib/world.ts";
import { soakArtifacts } from "./artifacts_soak.ts";
import { soakDht } from "./dht_soak.ts";
import { soakTopics } from "./topics_soak.ts";

const usage = `Usage: deno task soak [OPTIONS]
       deno task soak topics [OPTIONS]
       deno task soak artifacts [OPTIONS]
       deno task soak dht [OPTIONS]

  --minutes N   How long (5)
  --nodes N     Nodes of the cluster, 3, 5 or 7 (5)
  --memory      Nodes keep nothing on disk
  --tls         Nodes talk over mutual TLS
  --seed SEED   Faults of a former run
  --fault NAME  This fault only: ${faultNames.join(", ")}
`;

/** Every round has a line; the last one says what came of all. */
async function soak(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "5" },
      nodes: { type: "string", default: "5" },
      memory: { type: "boolean", default: false },
      tls: { type: "boolean", default: false },
      seed: { type: "string", default: String(Date.now()) },
      fault: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const { seed, memory, tls, fault } = values;
  const endMs = performance.now() + Number(values.minutes) * 60_000;
  const nodes = Number(values.nodes);
  const names = fault === undefined ? faultsFor(nodes, !memory) : [fault];
  console.log(JSON.stringify({ seed, nodes, memory, tls }));
  const lab = await Lab.open();
  const world = await World.open();
  try {
    const cluster = await TestCluster.create(world, {
      hosts: lab.hosts.slice(0, nodes),
      isDurable: !memory,
      isTls: tls,
      config: '[store]\nsnapshotEveryBytes = "256KiB"\n',
    });
    await cluster.start();
    let operations = 0;
    for (let round = 0; performance.now() < endMs; round++) {
      const faultMs = { min: 1_000, max: 6_000 };
      const report = await faultRound({ lab, cluster, seed: `${seed}/${round}`, faultMs }, names);
      operations += report.operations;
      console.log(JSON.stringify(report));
    }
    console.log(JSON.stringify({ seed, passed: true, operations }));
    return 0;
  } catch (error) {
    console.error(error, world.log);
    console.log(JSON.stringify({ seed, passed: false }));
    return 1;
  } finally {
    await world.close();
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "artifacts") Deno.exit(await soakArtifacts(Deno.args.slice(1)));
  if (Deno.args[0] === "dht") Deno.exit(await soakDht(Deno.args.slice(1)));
  if (Deno.args[0] === "topics") Deno.exit(await soakTopics(Deno.args.slice(1)));
  Deno.exit(isInLab() ? await soak(Deno.args) : await runInLab(import.meta.url, Deno.args));
}
