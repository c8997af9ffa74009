import assert from "node:assert/strict";
import { ArtifactRepository } from "../../artifact/repository.ts";
import { MemoryStorage } from "../../base/storage.ts";
import { keys } from "../../protocol/keys.ts";
import { Network, packed } from "../control/catalog_fixture_test.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";

const echo = "org.example:echo:1.0.0";

/** Two nodes of a former release, of which "a" holds a slice. */
async function former() {
  const store = new MemoryStore();
  const network = new Network(store);
  const { path, bytes, module } = packed(echo);
  const storage = new MemoryStorage();
  const repository = await ArtifactRepository.open(storage);
  const { sha256 } = await repository.put(path, bytes);
  await repository.put(path.replace(".slice", ".txt"), Uint8Array.of(1));
  const a = await network.add("a", storage);
  const b = await network.add("b");
  const { manifest } = await import("../../artifact/package.ts")
    .then(({ openSlice }) => openSlice(bytes));
  const value = { sha256, bytes: bytes.length, holders: ["a"], manifest };
  store.write("node", keys.artifact.put(keys.artifact.key("org.example:echo", "1.0.0"), value));
  return { network, storage, a, b, module, path };
}

Deno.test("FormerArtifacts are served to every node until they are carried over", async () => {
  const { network, storage, a, b, module, path } = await former();
  assert.deepEqual((await b.catalog.open(echo)).module, module);
  assert.deepEqual(network.asked, ["b > b", "b > a"].slice(1));
  assert.equal(await a.former.carryOver(a.repository), 2);
  assert.deepEqual(b.repository.list().map((file) => file.path), [
    path,
    path.replace(".slice", ".txt"),
  ]);
  assert.deepEqual((await b.catalog.open(echo)).module, module);
  assert.equal(network.asked.length, 1);
  assert.deepEqual(a.former.paths, []);
  const again = await network.add("a", storage);
  assert.deepEqual(again.former.paths, []);
});

Deno.test("FormerArtifacts.bytes() says why no holder gives a slice", async () => {
  const { network, b } = await former();
  network.dead.add("a");
  await assert.rejects(b.catalog.open(echo), { name: "UNREACHABLE", message: /b: .*; a: / });
});
