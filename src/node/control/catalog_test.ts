import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { sha256 } from "../../artifact/package.ts";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import { Network, packed } from "./catalog_fixture_test.ts";
import { MemoryStore } from "./store_fixture_test.ts";

const echo = "org.example:echo:1.0.0";
const echoPath = "org/example/echo/1.0.0/echo-1.0.0.slice";

async function world() {
  const store = new MemoryStore();
  const network = new Network(store);
  return { store, network, n1: await network.add("n1"), n2: await network.add("n2") };
}

/** Nodes that hold a version, as the store says. */
function holders(store: MemoryStore): readonly string[] {
  const key = keys.artifact.key("org.example:echo", "1.0.0");
  const entry = store.state.get(key);
  return entry === undefined ? [] : keys.artifact.decode(key, entry.value).holders;
}

function setHolders(store: MemoryStore, nodes: readonly string[]): void {
  const key = keys.artifact.key("org.example:echo", "1.0.0");
  const entry = store.state.get(key) ?? assert.fail("It is not published");
  const value = keys.artifact.decode(key, entry.value);
  store.write("node", keys.artifact.put(key, { ...value, holders: [...nodes] }));
}

function named(name: string, message = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof AetherError, String(error));
    assert.equal(error.name, name, error.message);
    assert.match(error.message, message);
    return true;
  };
}

/** Changes one stored byte of every content that a node holds. */
async function damage(network: Network, node: string): Promise<void> {
  const storage = network.storages.get(node);
  for (const name of await storage?.list() ?? []) {
    if (name.startsWith("blob-")) storage?.corrupt(name, 10);
  }
}

Deno.test("SliceCatalog.put() publishes a slice for every node", async () => {
  const { store, n1, n2 } = await world();
  const { path, bytes, module } = packed(echo);
  assert.equal((await n1.put(path, bytes)).status, "created");
  assert.equal((await n1.put(path, bytes)).status, "same");
  assert.deepEqual(holders(store), ["n1"]);
  for (const catalog of [n1, n2]) {
    assert.equal(catalog.manifest(echo)?.artifact, echo);
    assert.deepEqual(catalog.versions("org.example:echo"), ["1.0.0"]);
    assert.deepEqual(catalog.list(), [
      { artifact: echo, bytes: bytes.length, sha256: sha256(bytes) },
    ]);
  }
  assert.deepEqual((await n1.open(echo)).module, module);
});

Deno.test("SliceCatalog.versions() are those of one slice, oldest first", async () => {
  const { n1 } = await world();
  for (const version of ["1.10.0", "1.9.0", "1.9.0-rc.1"]) {
    const { path, bytes } = packed(`org.example:echo:${version}`);
    await n1.put(path, bytes);
  }
  const other = packed("org.example:echo-two:1.0.0");
  await n1.put(other.path, other.bytes);
  assert.deepEqual(n1.versions("org.example:echo"), ["1.9.0-rc.1", "1.9.0", "1.10.0"]);
  assert.deepEqual(n1.versions("org.example:none"), []);
  assert.equal(n1.manifest("org.example:none:1.0.0"), undefined);
});

Deno.test("SliceCatalog.open() fetches a slice once, however many ask, and then holds it", async () => {
  const { store, network, n1, n2 } = await world();
  const { path, bytes, module } = packed(echo);
  await n1.put(path, bytes);
  const opened = await Promise.all([n2.open(echo), n2.open(echo), n2.open(echo)]);
  for (const slice of opened) assert.deepEqual(slice.module, module);
  assert.deepEqual(network.asked, ["n2 > n1"]);
  assert.deepEqual(holders(store), ["n1", "n2"]);
  network.dead.add("n1");
  assert.deepEqual((await n2.open(echo)).module, module);
  assert.equal(network.clock.pendingTimers, 0);
});

Deno.test("SliceCatalog.open() asks one holder after the other, living ones first", async () => {
  const { network, n1, n2 } = await world();
  const { path, bytes, module } = packed(echo);
  await n1.put(path, bytes);
  await n2.put(path, bytes);
  const n3 = await network.add("n3");
  network.dead.add("n1");
  assert.deepEqual((await n3.open(echo)).module, module);
  assert.deepEqual(network.asked, ["n3 > n2"]);
  const n4 = await network.add("n4");
  network.dead.delete("n1");
  await damage(network, "n1");
  assert.deepEqual((await n4.open(echo)).module, module);
  assert.deepEqual(network.asked.slice(1), ["n4 > n1", "n4 > n2"]);
});

Deno.test("SliceCatalog.open() says why a slice cannot be had", async () => {
  const { network, n1, n2 } = await world();
  await assert.rejects(() => n1.open(echo), named("ARTIFACT_NOT_FOUND", /is not published/));
  await assert.rejects(() => n1.open("echo"), named("COORDINATES_INVALID"));
  const { path, bytes } = packed(echo);
  await n1.put(path, bytes);
  network.dead.add("n1");
  await assert.rejects(() => n2.open(echo), named("UNREACHABLE", /n1: There is no link/));
  network.dead.delete("n1");
  await damage(network, "n1");
  await assert.rejects(() => n2.open(echo), named("UNREACHABLE", /n1: .* damaged/));
  await assert.rejects(() => n1.open(echo), named("STORAGE_CORRUPT"));
});

Deno.test("SliceCatalog.put() refuses other bytes for a version, and keeps none of them", async () => {
  const { network, n1, n2 } = await world();
  const first = packed(echo);
  const other = packed(echo, { code: "export default 2;\n" });
  await n1.put(first.path, first.bytes);
  const refused = named("ARTIFACT_EXISTS", /already published with SHA-256/);
  await assert.rejects(() => n2.put(other.path, other.bytes), refused);
  assert.deepEqual(await network.storages.get("n2")?.list(), []);
  assert.deepEqual((await n2.open(echo)).module, first.module);
});

Deno.test("SliceCatalog takes no bytes from a holder but those that were published", async () => {
  const { store, network, n1, n2 } = await world();
  const first = packed(echo);
  const other = packed(echo, { code: "export default 2;\n" });
  store.isHeld = true;
  const puts = [n1.put(first.path, first.bytes), n2.put(other.path, other.bytes)];
  while (store.waiting < 2) await setImmediate();
  store.decide();
  store.isHeld = false;
  const [won, lost] = await Promise.allSettled(puts);
  assert.equal(won?.status, "fulfilled");
  assert.ok(lost?.status === "rejected" && named("ARTIFACT_EXISTS")(lost.reason));
  await assert.rejects(() => n2.open(echo), named("STORAGE_CORRUPT", /but published is/));
  assert.deepEqual((await n1.open(echo)).module, first.module);
  const n3 = await network.add("n3");
  setHolders(store, ["n2"]);
  await assert.rejects(() => n3.open(echo), named("UNREACHABLE", /n2: It sent other bytes/));
  setHolders(store, ["n1"]);
  assert.deepEqual((await n3.open(echo)).module, first.module);
});

Deno.test("SliceCatalog.file() gives slices of other nodes too, other files only from here", async () => {
  const { n1, n2 } = await world();
  const { path, bytes } = packed(echo);
  await n1.put(path, bytes);
  const notes = new TextEncoder().encode("notes");
  const notesPath = "org/example/echo/1.0.0/echo-1.0.0.txt";
  assert.equal((await n1.put(notesPath, notes)).status, "created");
  assert.deepEqual((await n2.file(path)).bytes, bytes);
  assert.deepEqual((await n1.file(notesPath)).bytes, notes);
  await assert.rejects(() => n2.file(notesPath), named("ARTIFACT_NOT_FOUND"));
  assert.equal(n1.list().length, 1, "only slices are listed");
});

Deno.test("SliceCatalog.put() refuses what is no slice, and a slice under another path", async () => {
  const { store, n1 } = await world();
  const { bytes } = packed(echo);
  await assert.rejects(() => n1.put(echoPath, new Uint8Array(9)), named("ARTIFACT_INVALID"));
  const path = "org/example/other/1.0.0/other-1.0.0.slice";
  await assert.rejects(() => n1.put(path, bytes), named("ARTIFACT_INVALID", /another artifact/));
  assert.deepEqual(store.state.list(keys.artifact.prefix), []);
});
