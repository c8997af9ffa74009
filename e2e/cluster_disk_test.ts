/**
 * Nodes of a cluster whose disk fails, or whose id another process uses: they stop with a clear
 * message, and the others go on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { randomBytes, sha256 } from "./lib/artifacts_run.ts";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { type Lab, labTest, labTests, must } from "./lib/netns.ts";
import type { World } from "./lib/world.ts";

async function threeNodes(world: World, lab: Lab): Promise<TestCluster> {
  const hosts = lab.hosts.slice(0, 3);
  return await TestCluster.create(world, { hosts, isDurable: true });
}

/** Puts a small disk where a node keeps its data; answers how to change and remove it. */
async function smallDisk(path: string, size: string) {
  await Deno.mkdir(path, { recursive: true });
  await must(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  return {
    remount: (options: string) => must(["mount", "-o", `remount,${options}`, path]),
    [Symbol.asyncDispose]: () => must(["umount", "-l", path]),
  };
}

/** Fails unless the node has these keys. */
async function assertHas(node: ClusterNode, written: ReadonlyMap<string, string>): Promise<void> {
  for (const [key, value] of written) assert.equal(await node.get(key), value, key);
}

function pathOf(version: number): string {
  return `/repository/org/example/big/1.0.${version}/big-1.0.${version}.bin`;
}

/** The SHA-256 of a file, read from a node. */
async function fileSum(node: ClusterNode, version: number): Promise<string> {
  const response = await fetch(node.management + pathOf(version));
  return sha256(await response.bytes());
}

labTests(import.meta.url, 120_000, () => {
  labTest("A node whose disk is full stops, and comes back with all when there is room", async (
    world,
    lab,
  ) => {
    const cluster = await threeNodes(world, lab);
    await using disk = await smallDisk(world.path("n3"), "3m");
    await cluster.start();
    const n3 = cluster.node(3);
    const written = new Map<string, string>();
    const value = "x".repeat(50_000);
    for (let i = 0; n3.isRunning && i < 500; i++) {
      // Each node takes its share; what n3 does not acknowledge may be done or not.
      const node = cluster.node(i % 3 + 1);
      const key = `k${i}`;
      if (await node.put(key, `${i}-${value}`) === 200) written.set(key, `${i}-${value}`);
    }
    const { code, stderr } = await n3.process.ended;
    assert.equal(code, 70, stderr);
    assert.match(stderr, /thread died: Log in .*n3 has ended: .*No space left on device/);
    assert.ok(written.size > 10, `Only ${written.size} writes`);
    await cluster.node(1).put("after", "x");
    // There is room for a little, but not for long.
    n3.launch();
    for (let i = 0; n3.isRunning && i < 100; i++) {
      const key = `more${i}`;
      if (await cluster.node(1).put(key, value) === 200) written.set(key, value);
    }
    assert.equal((await n3.process.ended).code, 70);
    await disk.remount("size=100m");
    n3.launch();
    await n3.ready();
    written.set("after", "x");
    for (const node of cluster.nodes) await assertHas(node, written);
    await n3.crash();
  });

  labTest("Full disks refuse artifacts and go on serving them, until there is room", async (
    world,
    lab,
  ) => {
    const cluster = await threeNodes(world, lab);
    await using disk2 = await smallDisk(world.path("n2"), "24m");
    await using disk3 = await smallDisk(world.path("n3"), "24m");
    await cluster.start();
    const [n1, n2, n3] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    await until("the DHT has its members", async () => {
      const status = await n1.json<{ isOpen: boolean; members: unknown[] }>("/api/dht/status");
      return status?.members.length === 3 && !status.isOpen;
    });
    const upload = (version: number) => {
      const body = randomBytes(1_000_000);
      sums.set(version, sha256(body));
      return n1.request(pathOf(version), { method: "PUT", body }, 30_000);
    };
    const sums = new Map<number, string>();
    let version = 0;
    let answer = await upload(version);
    for (; answer.status === 201 && version < 100; answer = await upload(++version));
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.text, /1 of 3 owners answered .*n[23]: full, n[23]: full/);
    assert.ok(version > 5, `Only ${version} files`);
    sums.delete(version);
    for (const node of [n2, n3]) {
      for (const [each, sum] of sums) assert.equal(await fileSum(node, each), sum);
      assert.equal(await node.put("small", "x"), 200);
    }
    await disk2.remount("size=100m");
    answer = await upload(++version);
    assert.equal(answer.status, 201, answer.text);
    assert.ok(JSON.parse(answer.text).underReplicated > 0, answer.text);
    await disk3.remount("size=100m");
    await n3.request("/api/dht/repair", { method: "POST" });
    await until("n3 has what it refused", async () => {
      const path = `/api/artifacts/org.example:big:1.0.${version}/verify`;
      const { text } = await n1.request(path, { method: "POST" });
      const state = JSON.parse(text) as { files: { copies: number }[] };
      return state.files[0]?.copies === 3;
    });
  });

  labTest("A node does not start on a disk that it cannot write", async (world, lab) => {
    const cluster = await threeNodes(world, lab);
    await using disk = await smallDisk(world.path("n2"), "50m");
    await cluster.start();
    await cluster.writable();
    const n2 = cluster.node(2);
    await n2.crash();
    await disk.remount("ro");
    n2.launch();
    const { code, stderr } = await n2.process.ended;
    assert.notEqual(code, 0);
    assert.match(stderr, /Read-only file system/);
    assert.ok(stderr.includes(world.path("n2")), stderr);
    assert.equal(await cluster.node(1).put("meanwhile", "x"), 200);
    await disk.remount("rw");
    n2.launch();
    await n2.ready();
    assert.equal(await n2.get("meanwhile"), "x");
    await n2.crash();
  });

  labTest("A copy of a node with the same id is kept out and told why", async (world, lab) => {
    const cluster = await threeNodes(world, lab);
    await cluster.start();
    await cluster.writable();
    const [host] = lab.hosts.slice(3);
    assert.ok(host);
    const copy = world.start([
      ...["node", "start", "-o", "json", "--config", world.path("n3.toml")],
      ...["--node-id", "n3", "--host", host.address, "--management-host", host.management],
      ...["--peers", "n1:198.18.5.1:8090,n2:198.18.5.2:8090,n3:198.18.5.3:8090"],
    ], { under: host.under });
    await copy.line(
      "stderr",
      (line) => line.includes("Another process uses the id n3") || undefined,
    );
    assert.equal(await cluster.node(3).put("a", "x"), 200);
    assert.equal(copy.stdout.length, 0, "The copy serves");
    // When the first one is gone, the other may take its place.
    await cluster.node(3).crash();
    await copy.line("stdout", (line) => line.includes("ready") || undefined);
    await until("n1 takes a write", async () => await cluster.node(1).put("b", "x") === 200);
  });
});
