import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { until } from "../scripts/lib/until.ts";
import { ArtifactCluster, get, put, randomBytes, runUploads, sha256 } from "./lib/artifacts_run.ts";
import { runDht } from "./lib/dht_run.ts";
import { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

e2eTest("what is uploaded to one node survives it and another one", async (world) => {
  const cluster = await ArtifactCluster.start(world, 5);
  const path = "org/example/big/1.0.0/big-1.0.0.bin";
  const content = randomBytes(5_000_000);
  assert.equal(await put(cluster.node(1), path, content), 201);
  await Promise.all([cluster.node(1).crash(), cluster.node(2).crash()]);
  assert.equal(sha256(await get(cluster.node(5), path)), sha256(content));

  // What only the dead ones have seen comes back with them, whole.
  await Promise.all([cluster.start(0), cluster.start(1)]);
  await cluster.settled();
  const verify = async () => {
    const params = { artifact: "org.example:big:1.0.0" };
    const { files } = await cluster.node(1).client.call("artifactVerify", { params });
    return files[0];
  };
  await until("every chunk has all its copies", async () => {
    const file = await verify();
    return file?.underReplicated === 0 && file.copies === 3 || undefined;
  }, 60_000);
  await flipByte(cluster, content);
  await until("every chunk is whole again", async () => {
    const file = await verify();
    return file?.damaged === 0 && file.underReplicated === 0 || undefined;
  }, 60_000);
});

/** Flips a byte of a chunk on the disk of a node, and waits until the node has noticed. */
async function flipByte(cluster: ArtifactCluster, content: Uint8Array): Promise<void> {
  for (let index = 0; index < cluster.nodes.length; index++) {
    const stopped = cluster.node(index + 1);
    stopped.process.kill("SIGTERM");
    await stopped.process.ended;
    const database = join(cluster.folder(index), "storage", "dht.db");
    const bytes = await Deno.readFile(database);
    const at = find(bytes, content.subarray(70_000, 70_032));
    if (at >= 0) {
      bytes[at + 7] = (bytes[at + 7] as number) ^ 1;
      await Deno.writeFile(database, bytes);
    }
    const node = await cluster.start(index);
    await cluster.settled();
    if (at < 0) continue;
    await node.must(["dht", "repair"]);
    await until("the flipped byte is found", async () => {
      const { nodes } = await node.client.call("dhtStatus");
      return nodes.some(({ damagedFound }) => damagedFound > 0) || undefined;
    }, 60_000);
    return;
  }
  assert.fail("No node has the chunk on its disk");
}

function find(bytes: Uint8Array, wanted: Uint8Array): number {
  for (
    let at = bytes.indexOf(wanted[0] ?? 0);
    at >= 0;
    at = bytes.indexOf(wanted[0] ?? 0, at + 1)
  ) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

e2eTest(
  "of many uploads, of which a node dies, each is there as a whole or not at all",
  async (world) => {
    const report = await runUploads(world, {
      nodes: 4,
      clients: 8,
      filesPerClient: 2,
      fileBytes: 500_000,
    });
    assert.equal(report.acknowledged + report.refused, 16);
    assert.ok(report.acknowledged >= 6, JSON.stringify(report));
  },
);

e2eTest("nothing acknowledged is lost while nodes are killed and started again", async (world) => {
  const options = { nodes: 3, files: 100, kills: 2, seed: "continuous", say: () => {} };
  const { acknowledged, lost, wrong } = await runDht(world, options);
  assert.deepEqual({ acknowledged, lost, wrong }, { acknowledged: 100, lost: [], wrong: [] });
});

e2eTest("tools that speak Maven's requests deploy and resolve", async (world) => {
  const node = await Node.start(world);
  await until("the repository is ready", async () => {
    const { revision } = await node.client.call("dhtStatus");
    return revision > 0 || undefined;
  });
  const base = "com/example/my-lib";
  const files: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
    [`${base}/1.0/my-lib-1.0.jar`]: randomBytes(200_000),
    [`${base}/1.0/my-lib-1.0.pom`]: new TextEncoder().encode("<project/>"),
    [`${base}/1.0/my-lib-1.0-sources.jar`]: randomBytes(1_000),
  };
  const sum = (kind: string, bytes: Uint8Array) => createHash(kind).update(bytes).digest("hex");
  const metadata = `${base}/maven-metadata.xml`;
  // As `mvn deploy` does: files with their checksums, then the metadata with its own.
  for (const [path, bytes] of Object.entries(files)) {
    assert.equal(await put(node, path, bytes), 201);
    for (const kind of ["sha1", "md5"]) {
      assert.equal(await put(node, `${path}.${kind}`, sum(kind, bytes)), 200);
    }
    assert.equal(await put(node, `${path}.sha1`, "0".repeat(40)), 400);
  }
  const mine = new TextEncoder().encode("<metadata><groupId>com.example</groupId></metadata>");
  assert.equal(await put(node, metadata, mine), 200);
  assert.equal(await put(node, `${metadata}.sha1`, sum("sha1", mine)), 200);
  // As a build does that depends on it.
  const text = await get(node, metadata);
  assert.match(new TextDecoder().decode(text), /<release>1\.0<\/release>/);
  const decoder = new TextDecoder();
  assert.equal(decoder.decode(await get(node, `${metadata}.sha1`)), sum("sha1", text));
  for (const [path, bytes] of Object.entries(files)) {
    assert.deepEqual(await get(node, path), bytes);
    assert.equal(decoder.decode(await get(node, `${path}.sha1`)), sum("sha1", bytes));
  }
  const part = await fetch(`${node.management}/repository/${base}/1.0/my-lib-1.0.jar`, {
    headers: { range: "bytes=100-199" },
  });
  assert.equal(part.status, 206);
  assert.deepEqual(await part.bytes(), files[`${base}/1.0/my-lib-1.0.jar`]?.slice(100, 200));
  assert.match(await node.must(["artifact", "versions", "com.example:my-lib"]), /1\.0/);
  await node.must(["artifact", "delete", "com.example:my-lib:1.0"]);
  assert.match(await node.must(["artifact", "gc", "--apply"]), /chunks with .* were removed/);
  assert.match(await node.must(["artifact", "gc"]), /^0 chunks/);
});
