/**
 * The control thread dies while applications are used: it is restarted in place, requests go on,
 * instances run on, and writes work again.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Load } from "../../e2e/lib/load.ts";
import { until } from "../../scripts/lib/until.ts";
import { exampleSlice, TestNode } from "./setup.ts";

/** Makes control fail with an exception outside of any request; waits until there is another. */
async function crash(node: TestNode): Promise<void> {
  const name = `control of ${node.info.id}`;
  const dead = node.thread(name);
  dead.postMessage({ type: "gateway", gateway: null });
  await until("control is restarted", () => node.thread(name) !== dead || undefined);
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "aether-node-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function echoes(node: TestNode): Load {
  return new Load(
    4,
    (client, round) => new Request(`http://${node.info.app}/echo/${client}.${round}`),
  );
}

async function instances(node: TestNode) {
  const { instances } = await node.client.call("slicesStatus");
  return instances.map(({ id, attempt, state }) => ({ id, attempt, state }))
    .sort((one, other) => one.id < other.id ? -1 : 1);
}

/** Waits until a write works. */
async function written(node: TestNode, text: string): Promise<void> {
  await until("writes work again", async () => {
    const url = `http://${node.info.management}/api/kv/after`;
    const answer = await fetch(url, { method: "PUT", body: text }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok || undefined;
  });
}

Deno.test("runNode() restarts control in place: no request fails, and writes work again", async () => {
  await inFolder(async (dataDir) => {
    await using node = await TestNode.start({ node: { dataDir } });
    await node.deploy("org.example:app:1.0.0", [exampleSlice("echo")]);
    const before = await instances(node);
    const shell = node.thread(before[0]?.id ?? "");
    const load = echoes(node);
    await load.more(100);
    for (const text of ["once", "twice"]) {
      await crash(node);
      await written(node, text);
      await load.more(100);
    }
    await load.stop();
    assert.deepEqual(load.failed, []);
    assert.deepEqual(await instances(node), before, "the same lives of the same instances");
    assert.equal(node.thread(before[0]?.id ?? ""), shell, "their threads are the same");
    assert.equal(await node.stop(), 0);
  });
});

Deno.test("runNode() ends with 70 when control dies three times within a minute", async () => {
  await inFolder(async (dataDir) => {
    await using node = await TestNode.start({ node: { dataDir } });
    for (const text of ["once", "twice"]) {
      await crash(node);
      await written(node, text);
    }
    node.thread("control").postMessage({ type: "gateway", gateway: null });
    assert.equal(await node.exit, 70);
  });
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("runNode() restarts control of a node in memory from what the others know", async () => {
  const ids = ["n1", "n2", "n3"];
  const ports = new Map(ids.map((id) => [id, freePort()]));
  const peers = [...ports].map(([id, port]) => `${id}:127.0.0.1:${port}`);
  await using stack = new AsyncDisposableStack();
  const starting = [...ports].map(([id, port]) =>
    TestNode.start({
      node: { id },
      cluster: { port, gatewayPort: freePort(), storagePort: freePort(), peers },
    })
  );
  const nodes = await Promise.all(starting);
  for (const node of nodes) stack.use(node);
  const [first] = nodes;
  assert.ok(first !== undefined);
  const artifact = await first.publish(exampleSlice("echo"));
  const id = "org.example:app:1.0.0";
  await first.apply(id, `id = "${id}"\n[[slices]]\nartifact = "${artifact}"\ninstances = 3\n`);
  const loads = nodes.map(echoes);
  for (const load of loads) await load.more(50);
  await crash(first);
  await written(first, "once");
  for (const load of loads) await load.more(50);
  for (const load of loads) await load.stop();
  assert.deepEqual(loads.flatMap(({ failed }) => failed), []);
  // Those that were moved to the others meanwhile are moved in order, not lost.
  await until("three instances are active", async () => {
    const running = await instances(first);
    return running.filter(({ state }) => state === "ACTIVE").length === 3 || undefined;
  });
});
