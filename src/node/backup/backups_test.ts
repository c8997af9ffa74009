import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { BackupTarget } from "../../io/backup/target.ts";
import { StoreState } from "../../store/state.ts";
import { encodeSnapshot } from "../cluster/genesis.ts";
import {
  type BackupSource,
  createBackup,
  listBackups,
  loadBackup,
  pruneBackups,
} from "./backups.ts";

/** Objects in memory; writes fail when told to. */
class MemoryTarget implements BackupTarget {
  readonly location = "memory";
  readonly objects = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly writes: string[] = [];

  put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.writes.push(name);
    this.objects.set(name, bytes);
    return Promise.resolve();
  }

  get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return Promise.resolve(this.objects.get(name));
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.objects.keys()].sort());
  }

  remove(name: string): Promise<void> {
    this.objects.delete(name);
    return Promise.resolve();
  }
}

const artifactBytes = new TextEncoder().encode("slice");
const artifactHash = createHash("sha256").update(artifactBytes).digest("hex");

function source(number: number, changes: Partial<BackupSource> = {}): BackupSource {
  const state = new StoreState({ maxBytes: 1_000_000 });
  for (let sequence = 1; sequence <= number; sequence++) {
    state.apply({
      node: "n1",
      incarnation: 1,
      sequence,
      acknowledgedBelow: 0,
      writer: "user",
      transaction: {
        compare: [],
        then: [{ type: "put", key: `user/${sequence}`, value: new Uint8Array(9), contentType: "" }],
        otherwise: [],
      },
    });
  }
  return {
    wallMs: Date.UTC(2026, 0, 1, 0, number),
    unique: "0badcafe",
    node: "n1",
    version: "0.1.0",
    snapshot: encodeSnapshot({
      genesis: { cluster: "c1", founders: [{ id: "n1", address: "a:1" }], nonces: ["x"] },
      nextSlot: 40 + number,
      configurations: [{ from: 0, members: ["n1"] }],
      state: state.snapshot(),
    }),
    artifacts: [{
      artifact: "org.example:a:1.0.0",
      sha256: artifactHash,
      bytes: () => Promise.resolve(artifactBytes),
    }],
    ...changes,
  };
}

Deno.test("createBackup() writes the manifest last, and an artifact once", async () => {
  const target = new MemoryTarget();
  const manifest = await createBackup(target, source(3));
  assert.equal(manifest.id, "20260101t000300z-0badcafe");
  assert.deepEqual(target.writes, [
    `artifact-${artifactHash}.slice`,
    `${manifest.id}.snapshot`,
    `${manifest.id}.manifest.json`,
  ]);
  assert.deepEqual([manifest.revision, manifest.slot, manifest.cluster], [3, 43, "c1"]);
  await createBackup(target, source(4));
  assert.equal(target.writes.length, 5);
  assert.deepEqual((await listBackups(target)).map(({ revision }) => revision), [4, 3]);
});

Deno.test("createBackup() names artifacts that nobody has", async () => {
  const target = new MemoryTarget();
  const lost = {
    artifact: "org.example:b:1.0.0",
    sha256: "0".repeat(64),
    bytes: () => Promise.reject(new Error("Gone")),
  };
  const { missing, artifacts } = await createBackup(target, source(1, { artifacts: [lost] }));
  assert.deepEqual([missing, artifacts], [["org.example:b:1.0.0"], []]);
});

Deno.test("loadBackup() gives the state of the original", async () => {
  const target = new MemoryTarget();
  const { id } = await createBackup(target, source(3));
  const { state, snapshot } = await loadBackup(target, id);
  assert.equal(state.revision, 3);
  assert.deepEqual(state.list("user/"), ["user/1", "user/2", "user/3"]);
  assert.equal(snapshot.nextSlot, 43);
  for (const wrong of ["20260101t000300z-00000000", "../etc", ""]) {
    await assert.rejects(loadBackup(target, wrong), { name: "BACKUP_NOT_FOUND" });
  }
});

Deno.test("loadBackup() notices every changed byte and every missing object", async () => {
  const target = new MemoryTarget();
  const { id } = await createBackup(target, source(2));
  const damaged = (message: RegExp) =>
    assert.rejects(loadBackup(target, id), { name: "BACKUP_DAMAGED", message });
  for (const [name, bytes] of [...target.objects]) {
    if (name.endsWith(".json")) continue;
    for (let at = 0; at < bytes.length; at += 5) {
      target.objects.set(name, bytes.with(at, (bytes[at] ?? 0) ^ 1));
      await damaged(/its SHA-256 is/);
    }
    target.objects.delete(name);
    await damaged(/it is missing/);
    target.objects.set(name, bytes);
  }
  const name = `${id}.manifest.json`;
  const text = new TextDecoder().decode(target.objects.get(name));
  const write = (changed: string) => target.objects.set(name, new TextEncoder().encode(changed));
  write(text.replace('"revision": 2', '"revision": 3'));
  await damaged(/at revision 2, not/);
  write(text.replace(/("stateSha256": ").{8}/, "$100000000"));
  await damaged(/its state has the hash/);
  write("{");
  await damaged(/manifest\.json/);
});

Deno.test("pruneBackups() keeps the newest ones and what they need", async () => {
  const target = new MemoryTarget();
  const old = {
    ...source(1).artifacts[0],
    artifact: "org.example:old:1.0.0",
    sha256: "f".repeat(64),
  };
  const bytes = () => Promise.resolve(artifactBytes);
  await createBackup(target, source(1, { artifacts: [...source(1).artifacts, { ...old, bytes }] }));
  for (const number of [2, 3]) await createBackup(target, source(number));
  assert.deepEqual(await pruneBackups(target, 3), []);
  assert.deepEqual(await pruneBackups(target, 2), ["20260101t000100z-0badcafe"]);
  assert.deepEqual(await target.list(), [
    "20260101t000200z-0badcafe.manifest.json",
    "20260101t000200z-0badcafe.snapshot",
    "20260101t000300z-0badcafe.manifest.json",
    "20260101t000300z-0badcafe.snapshot",
    `artifact-${artifactHash}.slice`,
  ]);
});
