import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { until } from "../../scripts/lib/until.ts";
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
  // The topic is made after the slice runs.
  await until("messages are published", async () => {
    const answer = await app(node, "/ticks", { from, count, keys: 8 });
    await answer.body?.cancel();
    return answer.ok || undefined;
  });
}

function seen(node: TestNode, isEnough: (seen: Seen) => boolean): Promise<Seen> {
  return until("enough messages are handled", async () => {
    const now: Seen = await (await app(node, "/ticks")).json();
    return isEnough(now) ? now : undefined;
  });
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

Deno.test("topics: replay hands out again, poison becomes a letter, a full topic is busy", async () => {
  await using node = await TestNode.start();
  await node.deploy("org.example:ticks:1.0.0", [folder]);
  await published(node, -1, 1);
  await published(node, 0, 50);
  await seen(node, ({ different }) => different === 50);
  await node.client.call("topicReplay", {
    params: { topic: "ticks" },
    body: { contract: "org.example:ticker", subscription: "onTick", from: { kind: "oldest" } },
  });
  await seen(node, ({ handled, different }) => handled === 100 && different === 50);
  const status = await node.client.call("topicStatus", { params: { topic: "ticks" } });
  assert.equal(status.partitions.length, 2);
  assert.ok(status.partitions.every(({ leader, isSettled }) => leader !== null && isSettled));

  // The poison was tried twice each time, and is one letter.
  const letter = await until("there is a dead letter", async () => {
    const { letters } = await node.client.call("deadLetterList", {});
    return letters[0];
  });
  assert.ok(letter.source.kind === "topic");
  assert.deepEqual([letter.method, letter.attempts, letter.source.topic], ["onTick", 2, "ticks"]);
  const whole = await node.client.call("deadLetterShow", { params: { id: letter.id } });
  const content = new TextDecoder().decode(Uint8Array.fromBase64(whole.bytes));
  assert.equal(JSON.parse(content).n, -1);
  await (await app(node, "/ticks/heal", {})).body?.cancel();
  await node.client.call("deadLetterReplay", { body: {} });
  await seen(node, ({ different }) => different === 51);
  assert.equal((await node.client.call("deadLetterList", {})).count, 0);

  const filled = await (await app(node, "/ticks/fill", {})).json();
  assert.equal(filled.error, "TOPIC_BUSY");
  assert.ok(filled.published >= 10 && filled.published <= 13, `${filled.published} fitted`);
});
