/**
 * A cluster keeps its size: a node that dies is replaced by a new process, which takes its vote and
 * its instances, also when the one that started it dies.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { type Lab, labTest, labTests } from "./lib/netns.ts";
import { root } from "./lib/program.ts";
import type { World } from "./lib/world.ts";

// It follows the keys of [cluster].
const config = 'provider = "local"\nhealTimeout = "2s"\n';
const text = `id = "org.example:app:1.0.0"
[[slices]]
artifact = "org.example:echo:1.0.0"
instances = 3
`;

interface Life {
  readonly id: string;
  readonly state: string;
  readonly alive: boolean;
  readonly instances: number;
}

/** Waits until these nodes, and no others, are on duty, vote as they should and run all. */
async function settled(seenBy: ClusterNode, count: number, gone: readonly string[]) {
  return await until(`${count} nodes without ${gone}`, async () => {
    const lives = (await seenBy.json<{ nodes: Life[] }>("/api/nodes/lifecycle"))?.nodes ?? [];
    const status = await seenBy.json<{ voters: string[] }>("/api/cluster");
    const ids = lives.map(({ id }) => id);
    const isRight = lives.length === count && status !== undefined &&
      lives.every(({ state, alive }) => state === "ON_DUTY" && alive) &&
      gone.every((id) => !ids.includes(id) && !status.voters.includes(id)) &&
      lives.reduce((sum, { instances }) => sum + instances, 0) === 3;
    return isRight ? { ids, voters: status.voters } : undefined;
  }, 60_000);
}

/** Ends every process of the world: nodes that nodes started outlive those. */
async function endAll(world: World): Promise<void> {
  await until("all processes have ended", async () => {
    const living = await world.living();
    for (const pid of living) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return living.length === 0 || undefined;
  });
}

async function replaceAndResize(world: World, lab: Lab): Promise<void> {
  const hosts = lab.hosts.slice(0, 3);
  const cluster = await TestCluster.create(world, { hosts, isDurable: true, config });
  await cluster.start();
  await cluster.ready();
  const one = cluster.node(1);
  await one.must(["slice", "publish", `${root}/slices/echo`, "--skip-check"]);
  await one.must(["blueprint", "apply", "-"], text);
  assert.match(await one.must(["cluster", "size", "3"]), /shall have 3 nodes/);

  const leader = await until("a leader", () => cluster.leader(one));
  const [victim, survivor] = cluster.nodes.filter((node) => node !== leader);
  assert.ok(victim !== undefined && survivor !== undefined);
  await victim.crash();
  const first = await settled(survivor, 3, [victim.id]);
  assert.deepEqual(first.ids, ["auto-1", leader.id, survivor.id].sort());
  assert.deepEqual(first.voters, first.ids);

  // The new node is a process of the leader's machine, and outlives the leader.
  await leader.crash();
  const second = await settled(survivor, 3, [victim.id, leader.id]);
  assert.deepEqual(second.ids, ["auto-1", "auto-2", survivor.id].sort());
  assert.deepEqual(second.voters, second.ids);

  await survivor.must(["cluster", "size", "4"]);
  const grown = await settled(survivor, 4, []);
  assert.deepEqual(grown.ids, ["auto-1", "auto-2", "auto-3", survivor.id].sort());
  assert.deepEqual(grown.voters, second.voters, "further nodes follow");
  const before = (await world.living()).length;
  await survivor.must(["cluster", "size", "3"]);
  const shrunk = await settled(survivor, 3, []);
  assert.equal(shrunk.ids.length, 3);
  await until("its process has ended", async () => {
    return (await world.living()).length < before || undefined;
  });
}

async function replaceWithToken(world: World, lab: Lab): Promise<void> {
  const hosts = lab.hosts.slice(0, 3);
  const cluster = await TestCluster.create(world, {
    hosts,
    isDurable: true,
    isTls: true,
    config: `issuerKey = "tls/ca.key"\n[cluster]\n${config}`,
  });
  await cluster.start();
  await cluster.ready();
  const one = cluster.node(1);
  await one.must(["slice", "publish", `${root}/slices/echo`, "--skip-check"]);
  await one.must(["blueprint", "apply", "-"], text);
  await one.must(["cluster", "size", "3"]);
  const leader = await until("a leader", () => cluster.leader(one));
  const [victim, survivor] = cluster.nodes.filter((node) => node !== leader);
  assert.ok(victim !== undefined && survivor !== undefined);
  await victim.crash();
  const healed = await settled(survivor, 3, [victim.id]);
  assert.deepEqual(healed.ids, ["auto-1", leader.id, survivor.id].sort());
  assert.deepEqual(healed.voters, healed.ids);
}

labTests(import.meta.url, 240_000, () => {
  labTest("Dead nodes are replaced, surplus ones are stopped", async (world, lab) => {
    try {
      await replaceAndResize(world, lab);
    } finally {
      await endAll(world);
    }
  });
  labTest("A new node gets its certificate with a token", async (world, lab) => {
    try {
      await replaceWithToken(world, lab);
    } finally {
      await endAll(world);
    }
  });
});
