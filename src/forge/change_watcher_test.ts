import assert from "node:assert/strict";
import { join } from "node:path";
import { ChangeWatcher, isRelevant } from "./change_watcher.ts";

Deno.test("isRelevant() leaves out hidden files, packages and builds", () => {
  const relevant = (path: string) => isRelevant("/a/.b", `/a/.b/${path}`);
  assert.ok(relevant("mod.ts"));
  assert.ok(relevant("echo/slice.toml"));
  for (const path of [".git/x", "x/.aether/mod.ts", "node_modules/a.js", "dist/x", "e.slice"]) {
    assert.ok(!relevant(path), path);
  }
});

Deno.test("ChangeWatcher.next() reports a flood of events once", async () => {
  const root = await Deno.makeTempDir({ prefix: "aether-watch-" });
  const watcher = new ChangeWatcher(root, { quietMs: 400, patienceMs: 60_000 });
  try {
    for (let index = 0; index < 50; index++) {
      await Deno.writeTextFile(join(root, `file${index % 5}.ts`), String(index));
    }
    assert.equal(await watcher.next(), true);
    let isPending = true;
    const second = watcher.next().finally(() => isPending = false);
    await Deno.writeTextFile(join(root, ".hidden"), "x");
    assert.ok(isPending);
    watcher.close();
    assert.equal(await second, false);
  } finally {
    watcher.close();
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("ChangeWatcher.next() reports a change that came while nobody waited", async () => {
  const root = await Deno.makeTempDir({ prefix: "aether-watch-" });
  const watcher = new ChangeWatcher(root, { quietMs: 1 });
  try {
    await Deno.writeTextFile(join(root, "a.ts"), "1");
    assert.equal(await watcher.next(), true);
  } finally {
    watcher.close();
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("ChangeWatcher() names a folder that is not there", () => {
  const make = () => new ChangeWatcher("/no/such/folder");
  assert.throws(make, { name: "FILE_UNREADABLE", message: /\/no\/such\/folder/ });
});
