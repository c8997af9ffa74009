/**
 * Backups of a running node, and new clusters made from them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { freePorts, peersText, startLocalCluster } from "./lib/local_cluster.ts";
import { Node } from "./lib/node.ts";
import { e2eTest, type World } from "./lib/world.ts";
import { writeSlice } from "./lib/slices.ts";

interface Made {
  readonly id: string;
  readonly cluster: string;
  readonly revision: number;
  readonly artifacts: number;
  readonly missing: readonly string[];
}

async function config(world: World, text = ""): Promise<string> {
  const folder = world.path("backups");
  return await world.write("aether.toml", `[backup]\ndirectory = "${folder}"\n${text}`);
}

async function backUp(node: Node): Promise<Made> {
  return JSON.parse(await node.must(["backup", "create", "-o", "json"])) as Made;
}

async function startHello(world: World, words: readonly string[]): Promise<Node> {
  const node = await Node.start(world, words);
  const folder = await writeSlice(world, {
    name: "hello",
    methods: "hello: method({ input: z.object({}), output: z.object({ text: z.string() }), " +
      'http: "GET /hello" })',
    handlers: `hello: () => Promise.resolve({ text: "hello" })`,
  });
  await node.must(["slice", "publish", folder, "--skip-check"]);
  await node.apply("org.example:hello:1.0.0");
  return node;
}

e2eTest("a restored backup is a new cluster with everything from before it", async (world) => {
  const file = await config(world);
  const node = await startHello(world, ["--config", file, "--data-dir", world.path("old")]);
  await node.must(["kv", "put", "shop/limits", "ten"]);
  const made = await backUp(node);
  assert.deepEqual([made.artifacts, made.missing], [1, []]);
  await node.must(["kv", "put", "shop/later", "lost"]);
  const { revision } = await node.client.call("status");
  const manifest = world.path("backups", `${made.id}.manifest.json`);
  for (const words of [[made.id], [manifest]]) {
    assert.match(await node.must(["backup", "verify", ...words]), /is good: revision \d+, state/);
  }
  assert.match(await node.must(["backup", "list"]), new RegExp(made.id));
  await node.crash();

  const words = ["backup", "restore", manifest, "--data-dir", world.path("new"), "-o", "json"];
  const restored = JSON.parse(await world.must([...words, "--node-id", "other"])) as Made;
  assert.notEqual(restored.cluster, made.cluster);
  const next = await Node.start(world, [
    ...["--config", file, "--data-dir", world.path("new"), "--node-id", "other"],
  ]);
  assert.equal(await next.must(["kv", "get", "shop/limits"]), "ten");
  assert.equal((await next.run(["kv", "get", "shop/later"])).code, 3);
  assert.deepEqual(JSON.parse(await next.served("/hello")), { text: "hello" });
  // Nobody who saw a revision of the former cluster meets a smaller one.
  assert.ok((await next.client.call("status")).revision > revision);
  const { nodes } = await next.client.call("nodes");
  assert.deepEqual(nodes.map(({ id, voter }) => [id, voter]), [["other", true]]);
  assert.equal((await backUp(next)).cluster, restored.cluster);
  await next.crash();
  const again = await Node.start(world, ["--data-dir", world.path("new"), "--node-id", "other"]);
  assert.equal(await again.must(["kv", "get", "shop/limits"]), "ten");
});

e2eTest(
  "a damaged backup is noticed and not restored, nor one into a used folder",
  async (world) => {
    const file = await config(world);
    const node = await Node.start(world, ["--config", file]);
    await node.must(["kv", "put", "a", "1"]);
    const { id } = await backUp(node);
    const manifest = world.path("backups", `${id}.manifest.json`);
    await world.write("used/something", "x");
    const used = ["backup", "restore", manifest, "--data-dir", world.path("used")];
    const refused = await world.run(used);
    assert.equal(refused.code, 5);
    assert.match(refused.stderr, /is not empty: it has something/);
    const snapshot = world.path("backups", `${id}.snapshot`);
    const bytes = await Deno.readFile(snapshot);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await Deno.writeFile(snapshot, bytes);
    for (const words of [["verify", id], ["verify", manifest]]) {
      const { code, stderr } = await node.run(["backup", ...words]);
      assert.equal(code, 1);
      assert.match(stderr, /error\[E3021\]: Object .*\.snapshot: its SHA-256 is/);
    }
    const restore = ["backup", "restore", manifest, "--data-dir", world.path("new")];
    assert.equal((await world.run(restore)).code, 1);
    await assert.rejects(Deno.stat(world.path("new")), Deno.errors.NotFound);
    const missing = await node.run(["backup", "verify", "20260101t000000z-00000000"]);
    assert.equal(missing.code, 3);
  },
);

e2eTest("a node with an interval makes backups by itself and keeps the newest", async (world) => {
  const file = await config(world, 'interval = "1m"\nkeep = 2\n');
  const node = await Node.start(world, ["--config", file]);
  const { backups } = await until("there is a backup", async () => {
    const list = await node.client.call("backupList");
    return list.backups.length > 0 ? list : undefined;
  });
  assert.equal(backups[0]?.node, "node-1");
  const ids: string[] = [];
  for (let round = 0; round < 3; round++) ids.unshift((await backUp(node)).id);
  const kept = (await node.client.call("backupList")).backups.map(({ id }) => id);
  assert.equal(kept.length, 2);
  assert.ok(kept.every((id) => ids.includes(id) || id === backups[0]?.id));
});

e2eTest("a schedule is set on a running node, and holds at once", async (world) => {
  const node = await Node.start(world, ["--config", await config(world, "")]);
  assert.match(await node.must(["backup", "schedule"]), /makes no backups by itself/);

  const set = await node.must(["backup", "schedule", "1m", "--keep", "3"]);
  assert.match(set, /^A backup every 1m at .*backups; the newest 3 are kept$/m);
  await until("there is a backup", async () => {
    const { backups } = await node.client.call("backupList");
    return backups.length > 0 || undefined;
  });
  const wrong = await node.run(["backup", "schedule", "1s"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /backup\.interval.*1m/);
});

e2eTest("a node without a target says how to get one", async (world) => {
  const node = await Node.start(world);
  const schedule = await node.run(["backup", "schedule", "1h"]);
  assert.equal(schedule.code, 5);
  const { code, stderr } = await node.run(["backup", "create"]);
  assert.equal(code, 5);
  assert.match(stderr, /error\[E3023\].*\nhint: Set backup\.directory/);
});

e2eTest("nodes of the former cluster are refused by the restored one", async (world) => {
  const file = await config(world);
  const { nodes, ports } = await startLocalCluster(world, 3, (name) => [
    ...["--config", file, "--data-dir", world.path(name)],
  ]);
  const [first, second] = nodes;
  assert.ok(first !== undefined && second !== undefined);
  await first.must(["kv", "put", "a", "before"]);
  const made = await backUp(first);
  await first.crash();
  await until(
    "the others write",
    async () => (await second.run(["kv", "put", "a", "after"])).code === 0 || undefined,
  );

  const manifest = world.path("backups", `${made.id}.manifest.json`);
  const restore = [
    "backup",
    "restore",
    manifest,
    "--data-dir",
    world.path("new"),
    "--node-id",
    "n1",
  ];
  await world.must(restore);
  // At the address of the former n1, which n2 and n3 keep dialling.
  const restored = await Node.start(world, [
    ...["--node-id", "n1", "--port", String(ports[0]), "--gateway-port", "0"],
    ...["--data-dir", world.path("new"), "--log-level", "debug"],
  ]);
  assert.equal(await restored.must(["kv", "get", "a"]), "before");
  await restored.must(["kv", "put", "only", "here"]);
  await restored.process.line(
    "stderr",
    (line) => /belongs to cluster|another cluster/.test(line) || undefined,
  );
  const health = await restored.client.call("health");
  assert.deepEqual([health.nodeCount, health.connectedPeers], [1, 0]);
  assert.equal(await second.must(["kv", "get", "a"]), "after");
  assert.equal((await second.run(["kv", "get", "only"])).code, 3);
});

e2eTest(
  "several nodes restored with one restore id form the new cluster together",
  async (world) => {
    const file = await config(world);
    const node = await Node.start(world, ["--config", file]);
    await node.must(["kv", "put", "a", "1"]);
    const { id } = await backUp(node);
    await node.crash();
    const ports = freePorts(3);
    const peers = peersText(["m1", "m2", "m3"], ports);
    const manifest = world.path("backups", `${id}.manifest.json`);
    const clusters = new Set<string>();
    for (const [index] of ports.entries()) {
      const output = await world.must([
        ...["backup", "restore", manifest, "--node-id", `m${index + 1}`, "--peers", peers],
        ...["--restore-id", "fire-drill", "--data-dir", world.path(`m${index + 1}`), "-o", "json"],
      ]);
      clusters.add((JSON.parse(output) as Made).cluster);
    }
    assert.equal(clusters.size, 1);
    const nodes = await Promise.all(ports.map((port, index) =>
      Node.start(world, [
        ...["--node-id", `m${index + 1}`, "--port", String(port), "--peers", peers],
        ...["--gateway-port", "0", "--data-dir", world.path(`m${index + 1}`)],
      ])
    ));
    for (const [index, each] of nodes.entries()) {
      assert.equal(await each.must(["kv", "get", "a"]), "1");
      await each.must(["kv", "put", `by/${index}`, "x"]);
    }
    const { nodes: members } = await until("all have joined", async () => {
      const body = await nodes[0]?.client.call("nodes");
      return body?.nodes.length === 3 ? body : undefined;
    });
    assert.ok(members.every(({ voter }) => voter));
  },
);
