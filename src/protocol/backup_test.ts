import assert from "node:assert/strict";
import { artifactName, backupId, backupOf, manifestName, snapshotName } from "./backup.ts";

Deno.test("backupId() sorts by time, and backupOf() knows manifests only", () => {
  const ids = [5, 61, 3_600].map((second) => backupId(second * 1_000, "0badcafe"));
  assert.deepEqual(ids, [...ids].sort());
  assert.equal(ids[1], "19700101t000101z-0badcafe");
  const id = backupId(Date.UTC(2026, 11, 31, 23, 59, 59, 999), "00000000");
  assert.equal(id, "20261231t235959z-00000000");
  assert.equal(backupOf(manifestName(id)), id);
  for (const name of [snapshotName(id), artifactName("a".repeat(64)), "x.manifest.json"]) {
    assert.equal(backupOf(name), undefined);
  }
});
