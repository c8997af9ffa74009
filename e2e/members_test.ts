/**
 * Clusters of real processes that grow, shrink, and are recovered from one data directory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { freePorts, peersText } from "./lib/local_cluster.ts";
import { Node } from "./lib/node.ts";
import { e2eTest, type World } from "./lib/world.ts";

/** Exit code of a node that was removed. */
const removedCode = 77;

/** Words of a durable node with a fixed cluster port. */
function words(world: World, name: string, port: number, peers: string): readonly string[] {
  const place = ["--node-id", name, "--port", String(port), "--gateway-port", "0"];
  const own = [...place, "--data-dir", world.path(name)];
  return peers === "" ? own : [...own, "--peers", peers];
}

/** Adds a node by command, starts it, and waits until it takes part. */
async function join(world: World, by: Node, name: string, port: number, peers: string) {
  await by.client.call("clusterAdd", { body: { node: name, address: `127.0.0.1:${port}` } });
  const node = await Node.start(world, words(world, name, port, peers));
  await until(`${name} is on duty`, async () => {
    const { nodes } = await node.client.call("clusterStatus");
    return nodes.find(({ id }) => id === name)?.state === "ON_DUTY" || undefined;
  });
  return node;
}

/** Writes numbers until it is stopped, each at any of some nodes; keeps those acknowledged. */
class Writer {
  readonly acknowledged: number[] = [];
  nodes: readonly Node[];
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(...nodes: readonly Node[]) {
    this.nodes = nodes;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const node = this.nodes[number % this.nodes.length];
      if (node === undefined) return;
      const body = { bytes: new TextEncoder().encode(String(number)), contentType: "text/plain" };
      try {
        await node.client.call("kvPut", { params: { key: `n/${number}` }, body });
        this.acknowledged.push(number);
      } catch {
        // Not acknowledged: the node may be down, or stopping.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}

/** Every acknowledged number is there, as a node says. */
async function assertKept(node: Node, writer: Writer): Promise<void> {
  const found = new Set<string>();
  for (let after = "", more = true; more;) {
    const page = await node.client.call("kvList", { query: { prefix: "n/", after, limit: 1000 } });
    for (const { key } of page.keys) found.add(key);
    more = page.more;
    after = page.keys.at(-1)?.key ?? "";
  }
  const lost = writer.acknowledged.filter((number) => !found.has(`n/${number}`));
  assert.deepEqual(lost, [], `Of ${writer.acknowledged.length} acknowledged writes some are lost`);
}

e2eTest("a node with data grows to three, and they go on without it", async (world) => {
  const [p1 = 0, p2 = 0, p3 = 0] = freePorts(3);
  const n1 = await Node.start(world, words(world, "n1", p1, ""));
  const before = { bytes: new TextEncoder().encode("x"), contentType: "text/plain" };
  await n1.client.call("kvPut", { params: { key: "before" }, body: before });
  const writer = new Writer(n1);

  // Nobody has let this one in: it waits, and says what to do.
  const peers = peersText(["n1"], [p1]);
  const early = world.start([
    ...["node", "start", "--management-port", "0", "--app-port", "0"],
    ...words(world, "n2", p2, peers),
  ]);
  await early.line("stderr", (line) => line.includes("aether cluster add n2 ") || undefined);
  early.kill("SIGKILL");
  await early.ended;

  const [n2, n3] = await Promise.all([
    join(world, n1, "n2", p2, peers),
    join(world, n1, "n3", p3, peers),
  ]);
  writer.nodes = [n1, n2, n3];
  const alone = await n2.run(["cluster", "promote", "n2"]);
  assert.equal(alone.code, 5, alone.stderr);
  assert.match(alone.stderr, /2 voters bear no more failures than 1/);
  await n3.must(["cluster", "promote", "n2,n3"]);
  assert.deepEqual((await n1.client.call("clusterStatus")).voters, ["n1", "n2", "n3"]);
  writer.nodes = [n2, n3];
  await n1.crash();
  await until("n3 knows another leader", async () => {
    const { leader } = await n3.client.call("clusterStatus");
    return leader === "n2" || leader === "n3" || undefined;
  });
  assert.equal(await n3.must(["kv", "get", "before"]), "x");

  // The dead one is put out, and may not come back.
  await n2.must(["cluster", "remove", "n1"]);
  const ended = await world.run([
    ...["node", "start", "--management-port", "0", "--app-port", "0"],
    ...words(world, "n1", p1, ""),
  ]);
  assert.equal(ended.code, removedCode, ended.stderr);
  assert.match(ended.stderr, /was removed from this cluster/);

  // Neither may one that works, which stops by itself; the last one goes on.
  writer.nodes = [n2];
  await n3.client.call("clusterRemove", { params: { node: "n3" } });
  assert.equal((await n3.process.ended).code, removedCode);
  await writer.stop();
  assert.ok(writer.acknowledged.length > 50, `${writer.acknowledged.length} writes`);
  await assertKept(n2, writer);
  const { events } = JSON.parse(await n2.must(["events", "-o", "json"])) as {
    events: { type: string; node?: string }[];
  };
  const told = events.map(({ type, node = "" }) => `${type} ${node}`.trim());
  for (const event of ["NODE_DOWN n1", "NODE_REMOVED n1", "NODE_REMOVED n3", "VOTERS_CHANGED"]) {
    assert.ok(told.includes(event), `${event} is not among ${told.join(", ")}`);
  }
});

e2eTest("a node that is started at another address tells the others", async (world) => {
  const names = ["n1", "n2", "n3"];
  const ports = freePorts(5);
  const [, p2 = 0, , moved2 = 0, moved3 = 0] = ports;
  const peers = peersText(names, ports.slice(0, 3));
  const start = (name: string, port: number) => Node.start(world, words(world, name, port, peers));
  const isReady = (node: Node, name: string, port: number) =>
    until(`${name} is there at its new address`, async () => {
      const { nodes } = await node.client.call("clusterStatus");
      const found = nodes.find(({ id }) => id === name);
      return found?.address === `127.0.0.1:${port}` && found.state === "ON_DUTY" || undefined;
    });
  const [n1, n2, n3] = await Promise.all(
    names.map((name, index) => start(name, ports[index] ?? 0)),
  );
  assert.ok(n1 && n2 && n3 && p2 !== moved2);

  await n3.crash();
  const moved = await start("n3", moved3);
  await isReady(n1, "n3", moved3);
  // One after the other, until nobody is where the first configuration says, but n1.
  await n2.crash();
  const other = await start("n2", moved2);
  await isReady(moved, "n2", moved2);
  await n1.crash();
  const body = { bytes: new TextEncoder().encode("y"), contentType: "text/plain" };
  await until("the moved ones write without the first", async () => {
    const put = other.client.call("kvPut", { params: { key: "moved" }, body });
    return await put.then(() => true, () => undefined);
  });
  assert.equal(await moved.must(["kv", "get", "moved"]), "y");
});

e2eTest("three nodes, of which two are lost for good, become a new cluster", async (world) => {
  const ports = freePorts(3);
  const names = ["n1", "n2", "n3"];
  const peers = peersText(names, ports);
  const nodes = await Promise.all(
    names.map((name, index) => Node.start(world, words(world, name, ports[index] ?? 0, peers))),
  );
  const [n1, n2, n3] = nodes;
  assert.ok(n1 && n2 && n3);
  const writer = new Writer(...nodes);
  await until("some writes are done", () => writer.acknowledged.length > 100 || undefined);
  await writer.stop();
  // What n3 has read is in its log.
  await assertKept(n3, writer);
  const former = (await n3.client.call("clusterStatus")).cluster;
  await Promise.all(nodes.map((node) => node.crash()));
  await Deno.remove(world.path("n1"), { recursive: true });
  await Deno.rename(world.path("n2"), world.path("n2-old"));

  const plan = JSON.parse(
    await world.must(["cluster", "recover", "--data-dir", world.path("n3"), "-o", "json"]),
  ) as { done: boolean; formerCluster: string };
  assert.equal(plan.done, false);
  assert.equal(plan.formerCluster, former);
  await world.must(["cluster", "recover", "--data-dir", world.path("n3"), "--force"]);
  const again = await Node.start(world, words(world, "n3", ports[2] ?? 0, peers));
  await until(
    "it leads",
    async () => (await again.client.call("clusterStatus")).leader === "n3" || undefined,
  );
  const status = await again.client.call("clusterStatus");
  assert.notEqual(status.cluster, former);
  assert.deepEqual(status.voters, ["n3"]);
  await assertKept(again, writer);

  // One of the former cluster turns up again, with its data: the id keeps it out.
  await Deno.rename(world.path("n2-old"), world.path("n2"));
  const old = await Node.start(world, words(world, "n2", ports[1] ?? 0, peers));
  await old.process.line("stderr", (line) => line.includes("belongs to cluster") || undefined);
  assert.deepEqual((await again.client.call("clusterStatus")).followers, []);
  await old.crash();

  // With nothing, and added, they make three again.
  await Deno.remove(world.path("n2"), { recursive: true });
  await Promise.all(
    ["n1", "n2"].map((name, index) => join(world, again, name, ports[index] ?? 0, peers)),
  );
  await again.client.call("clusterPromote", { body: { nodes: ["n1", "n2"] } });
  assert.deepEqual((await again.client.call("clusterStatus")).voters, names);
  await assertKept(again, writer);
});
