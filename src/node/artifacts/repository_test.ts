import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { collectionKey, keys } from "../../protocol/keys.ts";
import { Network, packed, streamOf } from "../control/catalog_fixture_test.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import type { Repository } from "./repository.ts";

const path = "org/example/tool/1.0/tool-1.0.jar";
const content = new Uint8Array(200_000).map((_, i) => i * 7 + (i >> 16));
const hash = (kind: string, bytes: Uint8Array) => createHash(kind).update(bytes).digest("hex");

async function open() {
  const store = new MemoryStore();
  const network = new Network(store);
  return { store, network, ...await network.add("a") };
}

async function textOf(repository: Repository, name: string): Promise<string> {
  return await new Response(await (await repository.get(name)).open()).text();
}

Deno.test("Repository gives back what was put, whole and in part, with its checksums", async () => {
  const { repository, network } = await open();
  const put = await repository.put(path, streamOf(content));
  assert.deepEqual([put.status, put.sha256], ["created", hash("sha256", content)]);
  assert.equal(network.dht.chunks.size, 5);
  const file = await repository.get(path);
  assert.equal(file.sizeBytes, content.length);
  assert.deepEqual(await new Response(await file.open()).bytes(), content);
  for (const [first, last] of [[0, 0], [65_530, 65_540], [131_072, 199_999]] as const) {
    const part = await new Response(await file.open({ first, last })).bytes();
    assert.deepEqual(part, content.slice(first, last + 1));
  }
  for (const kind of ["md5", "sha1", "sha256"]) {
    assert.equal(await textOf(repository, `${path}.${kind}`), hash(kind, content));
  }
});

Deno.test("Repository stores equal chunks once, and an empty file", async () => {
  const { repository, network } = await open();
  await repository.put(path, streamOf(new Uint8Array(10 * 65_536)));
  // One chunk of zeros and the index.
  assert.equal(network.dht.chunks.size, 2);
  const empty = path.replace(".jar", ".txt");
  await repository.put(empty, streamOf(new Uint8Array()));
  assert.equal(await textOf(repository, empty), "");
});

Deno.test("Repository never changes a file: the same bytes are fine, others are refused", async () => {
  const { repository } = await open();
  await repository.put(path, streamOf(content));
  assert.equal((await repository.put(path, streamOf(content))).status, "same");
  const other = content.slice(1);
  await assert.rejects(repository.put(path, streamOf(other)), { name: "ARTIFACT_EXISTS" });
  const snapshot = "org/example/tool/1.1-SNAPSHOT/tool-1.1-SNAPSHOT.jar";
  await assert.rejects(repository.put(snapshot, streamOf(content)), {
    name: "COORDINATES_INVALID",
  });
});

Deno.test("Repository compares checksums, and makes metadata that follows deletes", async () => {
  const { repository, network } = await open();
  await repository.put(path, streamOf(content));
  const sum = new TextEncoder().encode(`${hash("sha1", content)}  tool.jar\n`);
  assert.equal((await repository.put(`${path}.sha1`, streamOf(sum))).status, "same");
  await assert.rejects(repository.put(`${path}.md5`, streamOf(sum)), { name: "ARTIFACT_INVALID" });
  network.clock.advance(1000);
  const second = path.replaceAll("1.0", "1.1");
  await repository.put(second, streamOf(content));
  const metadata = "org/example/tool/maven-metadata.xml";
  const mine = streamOf(new TextEncoder().encode("<metadata/>"));
  assert.equal((await repository.put(metadata, mine)).status, "same");
  const text = await textOf(repository, metadata);
  assert.match(text, /<release>1\.1<\/release>/);
  assert.equal(
    await textOf(repository, `${metadata}.sha1`),
    hash("sha1", new TextEncoder().encode(text)),
  );
  await repository.delete([second]);
  assert.match(await textOf(repository, metadata), /<release>1\.0<\/release>/);
  await repository.delete([path]);
  await assert.rejects(repository.get(metadata), { name: "ARTIFACT_NOT_FOUND" });
  await assert.rejects(repository.delete([path]), { name: "ARTIFACT_NOT_FOUND" });
});

Deno.test("Repository publishes nothing when chunks are missing, or were collected meanwhile", async () => {
  const { repository, network, store } = await open();
  const { put } = network.dht;
  let puts = 0;
  network.dht.put = (scope, key, value) => {
    if (++puts === 3) return Promise.reject(new Error("The disk is full"));
    return put.call(network.dht, scope, key, value);
  };
  await assert.rejects(repository.put(path, streamOf(content)), /disk is full/);
  assert.deepEqual(repository.list(), []);
  network.dht.put = (scope, key, value) => {
    const value2 = { node: "b", startedAtMs: 0, isRunning: false };
    store.write("node", keys.collection.put(collectionKey, value2));
    return put.call(network.dht, scope, key, value);
  };
  await assert.rejects(repository.put(path, streamOf(content)), { name: "NOT_PROPOSED" });
  assert.deepEqual(repository.list(), []);
});

Deno.test("Repository.get() fails when a chunk is gone, and never gives other bytes", async () => {
  const { repository, network } = await open();
  await repository.put(path, streamOf(content));
  const [first = ""] = network.dht.chunks.keys();
  network.dht.chunks.set(first, new Uint8Array(65_536));
  const reading = (await repository.get(path)).open().then((stream) =>
    new Response(stream).bytes()
  );
  await assert.rejects(reading, { name: "STORAGE_CORRUPT", message: /damaged/ });
  await repository.put(path, streamOf(content));
  assert.deepEqual(await new Response(await (await repository.get(path)).open()).bytes(), content);
});

Deno.test("Repository refuses a slice under another path", async () => {
  const { repository, network } = await open();
  const { bytes } = packed("org.example:echo:1.0.0");
  const other = packed("org.example:echo:2.0.0").path;
  await assert.rejects(repository.put(other, streamOf(bytes)), { name: "ARTIFACT_INVALID" });
  const { path: right } = packed("org.example:echo:1.0.0");
  const cut = bytes.slice(0, 100);
  await assert.rejects(repository.put(right, streamOf(cut)), { name: "ARTIFACT_INVALID" });
  assert.ok(network.dht.chunks.size > 0);
  assert.deepEqual(repository.list(), []);
});

Deno.test("Repository never calls absent what was stored through another node", async () => {
  const { repository, store } = await open();
  await repository.put(path, streamOf(content));
  const key = keys.file.key(path);
  const stored = repository.record(path)?.value ?? assert.fail();
  // This node is behind until it asks.
  const fallBehind = () => {
    store.write("node", { type: "delete", key });
    Object.assign(store, {
      readBarrier: () => {
        if (repository.record(path) === undefined) store.write("node", keys.file.put(key, stored));
        return Promise.resolve();
      },
    });
  };
  const metadata = "org/example/tool/maven-metadata.xml";
  const isThere = {
    get: () => repository.get(path),
    metadata: () => repository.get(metadata),
    known: async () => assert.ok(await repository.known(() => repository.record(path))),
    delete: () => repository.delete([path]),
  };
  for (const look of Object.values(isThere)) {
    fallBehind();
    await look();
  }
  assert.equal(repository.record(path), undefined);
});
