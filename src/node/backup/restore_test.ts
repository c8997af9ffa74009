import assert from "node:assert/strict";
import { join } from "node:path";
import { DirectoryTarget } from "../../io/backup/directory_target.ts";
import { DataDirectory } from "../../io/log/data_directory.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import { StoreState } from "../../store/state.ts";
import { decodeSnapshot, encodeSnapshot } from "../cluster/genesis.ts";
import { addMember, elect, MemoryStore } from "../control/store_fixture_test.ts";
import { createBackup } from "./backups.ts";
import { restoreBackup } from "./restore.ts";

/** The backup of a cluster of "n1" and "n2" with one key of a user. */
async function backup(folder: string): Promise<{ target: DirectoryTarget; id: string }> {
  const store = new MemoryStore();
  addMember(store, "n1");
  elect(store, "n1");
  const value = { artifact: "org.example:a:1.0.0", node: "n2", instances: [] };
  store.write("leader", keys.assignment.put(keys.assignment.key("n2", value.artifact), value));
  store.write("user", { type: "put", key: "user/a", value: new Uint8Array(3), contentType: "x/y" });
  const target = new DirectoryTarget(join(folder, "backups"));
  const { id } = await createBackup(target, {
    wallMs: 0,
    unique: "00000001",
    node: "n1",
    version: "0.1.0",
    artifacts: [],
    snapshot: encodeSnapshot({
      genesis: { cluster: "former", founders: [{ id: "n1", address: "" }], nonces: ["x"] },
      nextSlot: 70,
      configurations: [{ from: 0, members: ["n1", "n2"] }],
      state: store.state.snapshot(),
    }),
  });
  return { target, id };
}

Deno.test("restoreBackup() makes a directory of a new cluster without the former nodes", async () => {
  const folder = await Deno.makeTempDir();
  const { target, id } = await backup(folder);
  const founders = [{ id: "m1", address: "" }];
  const restore = (dataDir: string, restoreId: string) =>
    restoreBackup({ target, id, dataDir: join(folder, dataDir), node: "m1", founders, restoreId });
  const first = await restore("first", "r1");
  const second = await restore("second", "r2");
  const same = await restore("same", "r1");
  assert.notEqual(first.cluster, second.cluster);
  assert.equal(first.cluster, same.cluster);

  const data = await DataDirectory.open(join(folder, "first"), {
    nodeId: "m1",
    create: () => ({ clusterId: "none", nodeId: "none" }),
  });
  assert.equal(data.meta.clusterId, first.cluster);
  const snapshot = decodeSnapshot(data.snapshot?.body ?? new Uint8Array());
  assert.deepEqual(snapshot.configurations, [{ from: 0, members: ["m1"] }]);
  assert.equal(snapshot.nextSlot, 70);
  const state = new StoreState({ maxBytes: 1_000_000 });
  state.restore(snapshot.state);
  assert.deepEqual(state.list(""), ["user/a"]);
  assert.equal(state.get(leaderKey), undefined);
  assert.ok(state.revision > 1_000_000_000);
  await data.close();
  await assert.rejects(restore("first", "r3"), { name: "FOLDER_NOT_EMPTY" });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("restoreBackup() leaves no directory behind for a backup that is damaged", async () => {
  const folder = await Deno.makeTempDir();
  const { target, id } = await backup(folder);
  await target.put(`${id}.snapshot`, new Uint8Array(9));
  const dataDir = join(folder, "new");
  const founders = [{ id: "m1", address: "" }];
  await assert.rejects(
    restoreBackup({ target, id, dataDir, node: "m1", founders, restoreId: "r" }),
    { name: "BACKUP_DAMAGED" },
  );
  await assert.rejects(Deno.stat(dataDir), Deno.errors.NotFound);
  await Deno.remove(folder, { recursive: true });
});
