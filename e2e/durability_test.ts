/**
 * What a node has acknowledged survives `kill -9`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Node, postJson } from "./lib/node.ts";
import { aetherProgram, root } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

e2eTest(
  "links still resolve after kill -9, with nothing but the executable in the folder",
  async (world) => {
    const { command } = aetherProgram();
    const alone = world.path("only", "aether");
    await Deno.mkdir(world.path("only"));
    await Deno.copyFile(command, alone);
    world.program = { command: alone, args: [] };
    for (const name of ["analytics", "url-shortener"]) {
      for (const file of ["contract.ts", "mod.ts", "slice.toml"]) {
        const text = await Deno.readTextFile(join(root, "slices", name, file));
        await world.write(`slices/${name}/${file}`, text);
      }
    }
    const words = ["--data-dir", world.path("data")];
    let node = await Node.start(world, words);
    await node.publish(world.path("slices/analytics"), world.path("slices/url-shortener"));
    await node.apply("org.example:url-shortener:1.0.0");
    const url = "https://example.com/a/long/path?with=query";
    const { code } = await postJson<{ code: string }>(`${node.app}/urls`, { url }, 201);
    assert.deepEqual(JSON.parse(await node.served(`/urls/${code}`)), { url });
    await node.must(["kv", "put", "shop/limits", "ten"]);
    const { revision } = await node.client.call("status");
    const visits = async () =>
      (JSON.parse(await node.served(`/stats/${code}`)) as { visits: number }).visits;
    for (let round = 1; round <= 2; round++) {
      assert.equal(await visits(), round);
      await node.crash();
      node = await Node.start(world, words);
      // The statistics first: a link also resolves while nobody counts.
      assert.equal(await visits(), round);
      assert.deepEqual(JSON.parse(await node.served(`/urls/${code}`)), { url });
      assert.equal(await node.must(["kv", "get", "shop/limits"]), "ten");
      assert.ok((await node.client.call("status")).revision > revision);
      const { blueprints } = await node.client.call("blueprintList");
      assert.deepEqual(blueprints.map(({ id, status }) => [id, status]), [
        ["org.example:app:1.0.0", "DEPLOYED"],
      ]);
    }
    // No file beside the executable was needed, and none was made there.
    const files = [...Deno.readDirSync(world.path("only"))].map(({ name }) => name);
    assert.deepEqual(files, ["aether"]);
  },
);

const rounds = 20;
const writers = 4;

/** A value that says whose it is, of one of many lengths. */
function valueOf(key: string): string {
  return `value of ${key} `.repeat(1 + key.length * 7 % 100);
}

/** Writes keys until the node dies; notes what was acknowledged with its revision. */
async function writeUntilDeath(
  node: Node,
  prefix: string,
  acknowledged: Map<string, number>,
  onWrite: () => void,
): Promise<void> {
  for (let number = 0;; number++) {
    const key = `${prefix}/${number}`;
    const response = await fetch(`${node.management}/api/kv/${key}`, {
      method: "PUT",
      body: valueOf(key),
    }).catch(() => undefined);
    const text = await response?.text().catch(() => undefined);
    if (response?.status !== 200 || text === undefined) return;
    acknowledged.set(key, (JSON.parse(text) as { revision: number }).revision);
    onWrite();
  }
}

/** All keys of the store with their revisions; each has its whole value. */
async function allKeys({ client }: Node): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let after = "";;) {
    const { keys, more } = await client.call("kvList", { query: { after, limit: 1000 } });
    for (const { key, revision, bytes } of keys) {
      assert.equal(bytes, valueOf(key).length, key);
      found.set(key, revision);
    }
    after = keys.at(-1)?.key ?? "";
    if (!more) return found;
  }
}

/** A configuration that makes snapshots often, so that kills also hit those. */
async function busyConfig(world: World): Promise<string[]> {
  const file = await world.write("aether.toml", '[store]\nsnapshotEveryBytes = "64KiB"\n');
  return ["--config", file, "--data-dir", world.path("data")];
}

e2eTest(`${rounds} times kill -9 during writes: no acknowledged write is lost`, async (world) => {
  const words = await busyConfig(world);
  const acknowledged = new Map<string, number>();
  for (let round = 0; round <= rounds; round++) {
    const node = await Node.start(world, words);
    const stored = await allKeys(node);
    for (const [key, revision] of acknowledged) {
      assert.equal(stored.get(key), revision, `${key} was acknowledged before round ${round}`);
    }
    for (const key of [...acknowledged.keys()].slice(-20)) {
      const { bytes } = await node.client.call("kvGet", { params: { key } });
      assert.equal(new TextDecoder().decode(bytes), valueOf(key));
    }
    if (round === rounds) break;
    // Another moment in every round, the same in every run.
    const killAfter = 5 + (round * 37) % 150;
    let count = 0;
    const dying = Promise.withResolvers<void>();
    const streams = Array.from(
      { length: writers },
      (_, index) =>
        writeUntilDeath(node, `r${round}/w${index}`, acknowledged, () => {
          if (++count === killAfter) dying.resolve();
        }),
    );
    await Promise.race([dying.promise, Promise.all(streams)]);
    assert.ok(count >= killAfter, "The writes ended by themselves");
    await node.crash();
    await Promise.all(streams);
  }
  assert.ok(acknowledged.size > 1000, `Only ${acknowledged.size} writes were acknowledged`);
});
