import assert from "node:assert/strict";
import { keys } from "../../protocol/keys.ts";
import { Network, packed, streamOf } from "./catalog_fixture_test.ts";
import { MemoryStore } from "./store_fixture_test.ts";

const echo = "org.example:echo:1.0.0";

class World {
  readonly store = new MemoryStore();
  readonly network = new Network(this.store);
}

Deno.test("SliceCatalog knows what is published through any node, and opens it on every node", async () => {
  const { network } = new World();
  const [a, b] = [await network.add("a"), await network.add("b")];
  const { path, bytes, module } = packed(echo);
  assert.equal((await a.repository.put(path, streamOf(bytes))).status, "created");
  for (const { catalog } of [a, b]) {
    assert.equal(catalog.manifest(echo)?.artifact, echo);
    assert.ok(catalog.has(echo) && !catalog.has("org.example:echo:2.0.0"));
    assert.deepEqual(catalog.versions("org.example:echo"), ["1.0.0"]);
    assert.deepEqual(catalog.list().map(({ artifact, bytes: size }) => [artifact, size]), [
      [echo, bytes.length],
    ]);
    assert.deepEqual((await catalog.open(echo)).module, module);
  }
  assert.deepEqual(network.asked, []);
});

Deno.test("SliceCatalog.versions() are those of one slice, oldest first", async () => {
  const { network } = new World();
  const { repository, catalog } = await network.add("a");
  for (const version of ["1.10.0", "1.9.0", "1.9.0-rc.1"]) {
    const { path, bytes } = packed(`org.example:echo:${version}`);
    await repository.put(path, streamOf(bytes));
  }
  const other = packed("org.example:echo-too:1.0.0");
  await repository.put(other.path, streamOf(other.bytes));
  assert.deepEqual(catalog.versions("org.example:echo"), ["1.9.0-rc.1", "1.9.0", "1.10.0"]);
});

Deno.test("SliceCatalog.delete() removes a version with its files, but none that should run", async () => {
  const { network, store } = new World();
  const { repository, catalog } = await network.add("a");
  const { path, bytes } = packed(echo);
  await repository.put(path, streamOf(bytes));
  await repository.put(path.replace(".slice", ".txt"), streamOf(Uint8Array.of(1)));
  const value = { artifact: echo, node: "a", instances: [] };
  const key = keys.assignment.key("a", echo);
  store.write("leader", keys.assignment.put(key, value));
  await assert.rejects(catalog.delete(echo), { name: "ARTIFACT_IN_USE", message: /runs on a/ });
  store.write("leader", { type: "delete", key });
  await catalog.delete(echo);
  assert.deepEqual([repository.list(), catalog.list()], [[], []]);
  await assert.rejects(catalog.open(echo), { name: "ARTIFACT_NOT_FOUND" });
  await assert.rejects(catalog.delete(echo), { name: "ARTIFACT_NOT_FOUND" });
});
