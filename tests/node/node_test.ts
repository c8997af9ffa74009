import assert from "node:assert/strict";
import { AetherError } from "../../src/base/errors.ts";
import { until } from "../../scripts/lib/until.ts";
import { exampleSlice, TestNode } from "./setup.ts";

async function echoed(app: string, text: string): Promise<unknown> {
  const response = await fetch(`http://${app}/echo/${text}`);
  const body: unknown = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}

/** Polls a request until it answers 200. */
async function served(url: string): Promise<void> {
  await until(`${url} answers 200`, async () => {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.status === 200 || undefined;
  });
}

Deno.test("runNode() serves slices and the API, and ends with 0 and free ports", async () => {
  let addresses: string[];
  {
    await using node = await TestNode.start();
    await node.deploy("org.example:app:1.0.0", [exampleSlice("echo")]);
    assert.deepEqual(await echoed(node.info.app, "hi"), { text: "hi", version: "1" });
    assert.equal((await node.client.call("health")).ready, true);
    const { id: _, ...listening } = node.info;
    assert.deepEqual((await node.client.call("status")).addresses, listening);
    addresses = [node.info.app, node.info.management];
    assert.equal(await node.stop(), 0);
  }
  for (const address of addresses) {
    const [hostname = "", port = ""] = address.split(":");
    await assert.rejects(Deno.connect({ hostname, port: Number(port) }), /refused/);
  }
});

Deno.test("runNode() survives the death of its gateway: same address, same instances", async () => {
  await using node = await TestNode.start();
  await node.deploy("org.example:app:1.0.0", [exampleSlice("echo")]);
  await echoed(node.info.app, "before");
  const before = (await node.client.call("slicesStatus")).instances;
  // The thread falls silent, as it would in an endless loop.
  node.thread("gateway").terminate();
  await served(`http://${node.info.app}/echo/after`);
  const after = (await node.client.call("slicesStatus")).instances;
  assert.deepEqual(
    after.map(({ id, attempt }) => ({ id, attempt })),
    before.map(({ id, attempt }) => ({ id, attempt })),
  );
  assert.equal(await node.stop(), 0);
});

/** Makes a thread fail with an exception outside of any request. */
function fault(thread: Worker): void {
  thread.postMessage({ type: "instance", instance: "x", port: null });
}

Deno.test("runNode() survives the death of its storage thread: same address, same cluster", async () => {
  await using node = await TestNode.start({
    node: { id: "n1" },
    cluster: { peers: ["n1:127.0.0.1:1"], storagePort: 0 },
  });
  const { storage } = node.info;
  const dead = node.thread("storage");
  dead.terminate();
  await until("storage is restarted", () => node.thread("storage") !== dead || undefined);
  const [hostname = "", port = ""] = storage.split(":");
  const connection = await until(
    `something listens on ${storage}`,
    () => Deno.connect({ hostname, port: Number(port) }).catch(() => undefined),
  );
  connection.close();
  assert.equal((await node.client.call("health")).ready, true);
  assert.equal(await node.stop(), 0);
});

Deno.test("runNode() restarts a gateway that fails, and ends with 70 when it fails again and again", async () => {
  await using node = await TestNode.start();
  for (let death = 1; death <= 3; death++) {
    const dead = node.thread("gateway");
    fault(dead);
    await served(`http://${node.info.management}/health/ready`);
    await until("the gateway is restarted", () => node.thread("gateway") !== dead || undefined);
  }
  fault(node.thread("gateway"));
  assert.equal(await node.exit, 70);
});

Deno.test("runNode() ends with 70 when control dies and its state is nowhere else", async () => {
  await using node = await TestNode.start();
  node.thread("control").terminate();
  assert.equal(await node.exit, 70);
});

for (const section of ["app", "management"] as const) {
  Deno.test(`runNode() names the port that is taken: ${section}`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    await assert.rejects(TestNode.start({ [section]: { port } }), (error) => {
      assert.ok(error instanceof AetherError);
      assert.equal(error.name, "PORT_TAKEN");
      assert.ok(error.message.includes(`${section} port 127.0.0.1:${port}`), error.message);
      assert.ok(error.hint.includes(`${section}.port`), error.hint);
      return true;
    });
  });
}

Deno.test("runNode() keeps blueprints, slices and their data in the data directory", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "aether-node-" });
  try {
    let code: string;
    {
      await using node = await TestNode.start({ node: { dataDir } });
      const folders = ["analytics", "url-shortener"].map(exampleSlice);
      await node.deploy("org.example:app:1.0.0", folders);
      const body = JSON.stringify({ url: "https://example.com/" });
      const headers = { "content-type": "application/json" };
      const url = `http://${node.info.app}/urls`;
      const response = await fetch(url, { method: "POST", body, headers });
      assert.equal(response.status, 201);
      ({ code } = await response.json());
      assert.equal(await node.stop(), 0);
    }
    await using node = await TestNode.start({ node: { dataDir } });
    await served(`http://${node.info.app}/urls/${code}`);
    const { blueprints } = await node.client.call("blueprintList");
    assert.deepEqual(blueprints.map(({ id }) => id), ["org.example:app:1.0.0"]);
    assert.equal((await node.client.call("status")).durable, true);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
