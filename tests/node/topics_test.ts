import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { TestNode } from "./setup.ts";

const folder = fileURLToPath(new URL("../fixtures/slices/ticker", import.meta.url));

interface Seen {
  readonly handled: number;
  readonly different: number;
  readonly disorders: number;
  readonly attempts: number;
}

function app(node: TestNode, path: string, body?: object): Promise<Response> {
  const init = body === undefined ? {} : {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  };
  return fetch(`http://${node.info.app}${path}`, init);
}

async function published(node: TestNode, from: number, count: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const answer = await app(node, "/ticks", { from, count, keys: 8 });
    const text = await answer.text();
    if (answer.status === 200) return;
    // The topic is made after the slice runs.
    assert.ok(performance.now() < deadline, text);
  }
}

async function seen(node: TestNode, isEnough: (seen: Seen) => boolean): Promise<Seen> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const now: Seen = await (await app(node, "/ticks")).json();
    if (isEnough(now)) return now;
    assert.ok(performance.now() < deadline, `Still ${JSON.stringify(now)}`);
  }
}

Deno.test("topics: what a slice publishes is handled, in order per key, also after a restart", async () => {
  const dataDir = await Deno.makeTempDir();
  const tree = { node: { dataDir } };
  try {
    {
      await using node = await TestNode.start(tree);
      await node.deploy("org.example:ticks:1.0.0", [folder]);
      await published(node, 0, 2_000);
      const all = await seen(node, ({ different }) => different === 2_000);
      assert.deepEqual([all.handled, all.disorders], [2_000, 0]);
    }
    await using node = await TestNode.start(tree);
    await published(node, 2_000, 100);
    const rest = await seen(node, ({ different }) => different >= 100);
    assert.equal(rest.handled, 100);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
