import assert from "node:assert/strict";
import { join } from "node:path";
import { DirectoryTarget } from "./directory_target.ts";

Deno.test("DirectoryTarget keeps objects whole and lists them in order", async () => {
  const folder = await Deno.makeTempDir();
  const target = new DirectoryTarget(join(folder, "new", "place"));
  assert.deepEqual(await target.list(), []);
  assert.equal(await target.get("a"), undefined);
  for (const name of ["b", "a", "c"]) await target.put(name, new TextEncoder().encode(name));
  await target.put("b", Uint8Array.of(1, 2));
  // What was being written when a node died is no object.
  await Deno.writeTextFile(join(target.location, "d.x.tmp"), "half");
  assert.deepEqual(await target.list(), ["a", "b", "c"]);
  assert.deepEqual(await target.get("b"), Uint8Array.of(1, 2));
  await target.remove("b");
  await target.remove("b");
  assert.deepEqual(await target.list(), ["a", "c"]);
  const { mode } = await Deno.stat(join(target.location, "a"));
  assert.equal((mode ?? 0) & 0o777, 0o600);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("DirectoryTarget names the path that cannot be used", async () => {
  const file = await Deno.makeTempFile();
  const target = new DirectoryTarget(file);
  const failed = { name: "BACKUP_FAILED", message: new RegExp(file) };
  await assert.rejects(target.put("a", new Uint8Array(1)), failed);
  await assert.rejects(target.list(), failed);
  await Deno.remove(file);
});
