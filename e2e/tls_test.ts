/**
 * Clusters of real processes whose nodes know each other by certificates.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { faultRound } from "./lib/faults.ts";
import { Clients } from "./lib/history.ts";
import { labTest, labTests } from "./lib/netns.ts";
import type { World } from "./lib/world.ts";

/** Faults that break links and make nodes dial again, of one process and of the network. */
const faults = [
  "kill the leader",
  "kill two",
  "pause one",
  "isolate one",
  "split in two",
  "one-way",
];

labTests(import.meta.url, 240_000, () => {
  labTest(
    "Certificates and the authority are replaced under writes; no link ends",
    async (world, lab) => {
      const cluster = await TestCluster.create(world, {
        hosts: lab.hosts.slice(0, 3),
        isDurable: true,
        isTls: true,
        config: '[log]\nlevel = "debug"\n',
      });
      await cluster.start();
      await cluster.ready();
      const clients = new Clients({
        nodes: cluster.nodes,
        clientsPerNode: 2,
        keys: 8,
        seed: "tls",
        prefix: "tls",
      });
      clients.start();
      try {
        await cluster.node(2).crash();
        await cluster.start();
        await cluster.ready();
        await quiet(cluster);

        const before = cluster.nodes.map(closedLinks);
        for (const step of [[], ["--new-authority"], [], ["--drop-old-authorities"]]) {
          const reloads = cluster.nodes.map(reloadsOf);
          await world.must(["tls", "rotate", "--dir", world.path("tls"), ...step]);
          await until(
            "every thread with links has read the files",
            () =>
              cluster.nodes.every((node, index) => reloadsOf(node) >= (reloads[index] ?? 0) + 2) ||
              undefined,
          );
        }
        assert.deepEqual(cluster.nodes.map(closedLinks), before);

        // New links use the new authority.
        await cluster.node(3).crash();
        await cluster.start();
        await cluster.ready();
      } finally {
        await clients.stop();
      }
      clients.check();
      assert.ok(clients.acknowledgedMs.length > 100);
    },
  );

  labTest("A node of another authority is refused, whatever it says", async (world, lab) => {
    const hosts = lab.hosts.slice(0, 3);
    const cluster = await TestCluster.create(world, { hosts, isDurable: false, isTls: true });
    await cluster.start();
    await cluster.ready();
    await cluster.node(3).crash();

    const other = ["--dir", world.path("other")];
    await world.must(["tls", "init", "--cluster", "e2e", ...other]);
    await world.must(["tls", "issue", "n3", ...other]);
    for (const name of ["n3.crt", "n3.key"]) {
      await Deno.copyFile(world.path("other", name), world.path("tls", name));
    }
    const ca = await Deno.readTextFile(world.path("other", "ca.crt"));
    await world.write("n3.toml", await rogueConfig(world, ca));
    cluster.node(3).launch();
    for (const node of [cluster.node(1), cluster.node(2)]) {
      await node.process.line("stderr", (line) => line.includes("was refused") || undefined);
      assert.equal(await node.put("after", "1"), 200);
    }
    // It goes on trying, and is logged once.
    await until("it was refused often", async () => {
      const status = await cluster.node(1).json<Status>("/api/status");
      return (status?.links.refusals["unknown authority"] ?? 0) > 5 || undefined;
    });
    const reason =
      /from a peer was refused.*node n3 was issued by .*none of the authorities in tls/;
    const lines = cluster.node(1).process.stderr.filter((line) => reason.test(line));
    assert.equal(lines.length, 1, lines.join("\n"));
    const view = await cluster.node(1).json<{ connectedPeers: number }>("/api/health");
    assert.equal(view?.connectedPeers, 1);
  });

  labTest(
    "A flood of connections that prove nothing leaves the nodes at work",
    async (world, lab) => {
      const hosts = lab.hosts.slice(0, 3);
      const cluster = await TestCluster.create(world, { hosts, isDurable: false, isTls: true });
      await cluster.start();
      await cluster.ready();
      const leader = await cluster.leader(cluster.node(1));
      const [first] = hosts;
      const other = lab.hosts[3];
      assert.ok(first !== undefined && other !== undefined);
      const script = await world.write("flood.ts", flood);
      const words = [Deno.execPath(), "run", "-A", "--no-config", script, first.address];
      const flooding = world.startProgram(words, { under: other.under });
      await flooding.line("stdout", (line) => line === "open" || undefined);
      for (let i = 0; i < 20; i++) assert.equal(await cluster.node(1).put("under/flood", "1"), 200);
      const status = await cluster.node(1).json<Status>("/api/status");
      const { refusals } = status?.links ?? { refusals: {} };
      assert.ok((refusals["too many"] ?? 0) > 400, JSON.stringify(refusals));
      assert.ok((refusals.handshake ?? 0) > 0, JSON.stringify(refusals));
      flooding.kill();
      await flooding.ended;
      await cluster.ready();
      assert.equal(await cluster.leader(cluster.node(1)), leader);
      const health = await cluster.node(1).json<{ connectedPeers: number }>("/api/health");
      assert.equal(health?.connectedPeers, 2);
    },
  );

  labTest("A new node gets a certificate with a token, once", async (world, lab) => {
    const hosts = lab.hosts.slice(0, 3);
    const cluster = await TestCluster.create(world, { hosts, isDurable: false, isTls: true });
    const config = await Deno.readTextFile(world.path("n1.toml"));
    await world.write("n1.toml", config.replace("[tls]", '[tls]\nissuerKey = "tls/ca.key"'));
    await cluster.start();
    await cluster.ready();
    const made = JSON.parse(
      await cluster.node(1).must(["cluster", "token", "create", "--node", "n4", "-o", "json"]),
    ) as { token: string; id: string };
    assert.ok((await cluster.node(1).must(["cluster", "token", "list"])).includes(made.id));

    const host = lab.hosts[3];
    assert.ok(host !== undefined);
    const start = (id: string) =>
      world.start([
        ...["node", "start", "-o", "json", "--node-id", id, "--data-dir", world.path(id)],
        ...["--join", `${cluster.node(1).host.address}:8090`, "--token", made.token],
        ...["--host", host.address, "--port", "8090", "--gateway-port", "8091"],
      ], { under: host.under });
    const joining = start("n4");
    await joining.line("stderr", (line) => line.includes("got a certificate") || undefined);
    const { mode } = await Deno.stat(world.path("n4", "tls", "node.key"));
    assert.equal((mode ?? 0) & 0o777, 0o600);
    assert.ok(!(await cluster.node(1).must(["cluster", "token", "list"])).includes(made.id));
    await joining.line("stdout", (line) => line.includes('"ready"') || undefined);
    await until("the new node is a member", async () => {
      const health = await cluster.node(1).json<{ nodeCount: number }>("/api/health");
      return health?.nodeCount === 4 || undefined;
    });
    joining.kill();
    await joining.ended;

    const second = await start("n5").ended;
    assert.equal(second.code, 4, second.stderr);
    assert.match(second.stderr, /E2012.*does not exist, or was used already/);
  });

  labTest("Five nodes with mutual TLS survive faults", async (world, lab) => {
    const hosts = lab.hosts.slice(0, 5);
    const cluster = await TestCluster.create(world, { hosts, isDurable: true, isTls: true });
    await cluster.start();
    for (const fault of faults) {
      const options = { lab, cluster, seed: `tls ${fault}`, faultMs: { min: 1_500, max: 2_000 } };
      console.log(JSON.stringify(await faultRound(options, fault)));
    }
  });
});

/** Plain bytes to both ports of a node, and then a thousand connections that say nothing. */
const flood = `
const [hostname = ""] = Deno.args;
const connect = (port) => Deno.connect({ hostname, port });
for (const port of [8090, 8091]) {
  const conn = await connect(port);
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\\r\\n\\r\\n"));
  while (await conn.read(new Uint8Array(100)).catch(() => null) !== null);
}
const all = Array.from({ length: 1_000 }, (_, index) => connect(8090 + index % 2));
await Promise.allSettled(all);
console.log("open");
setInterval(() => {}, 1_000);
`;

interface Status {
  readonly links: { readonly refusals: Readonly<Record<string, number>> };
}

/** It believes both authorities, so that the others must refuse it. */
async function rogueConfig(world: World, ca: string): Promise<string> {
  const own = await Deno.readTextFile(world.path("tls", "ca.crt"));
  await world.write("other/both.crt", own + ca);
  const config = await Deno.readTextFile(world.path("n3.toml"));
  return config.replace("tls/ca.crt", "other/both.crt");
}

function closedLinks(node: ClusterNode): number {
  return node.process.stderr.filter((line) => line.includes("A link was closed")).length;
}

/** Nodes that meet again may call each other at once, and keep one of two links. */
async function quiet(cluster: TestCluster): Promise<void> {
  let closed = -1;
  let unchanged = 0;
  await until("no link has ended for a while", () => {
    const now = cluster.nodes.reduce((sum, node) => sum + closedLinks(node), 0);
    unchanged = now === closed ? unchanged + 1 : 0;
    closed = now;
    return unchanged >= 150 || undefined;
  });
}

function reloadsOf(node: ClusterNode): number {
  return node.process.stderr.filter((line) => line.includes("Certificates were reloaded")).length;
}
