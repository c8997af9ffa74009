/**
 * Overrides of the configuration on running nodes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

e2eTest("config set changes the level of the log at once, on the threads too", async (world) => {
  const node = await Node.start(world, ["--log-level", "error"], {
    env: { AETHER_APP_REQUEST_TIMEOUT: "7s" },
  });
  const before = node.process.stderr.length;
  const words = ["config", "list", "-o", "json"];
  type Row = { key: string; value: string; source: string; base?: { source: string } };
  const rowOf = async (name: string) => {
    const { keys } = JSON.parse(await node.must(words)) as { keys: Row[] };
    return keys.find(({ key }) => key === name);
  };
  assert.equal((await rowOf("log.level"))?.source, "flag --log-level");
  assert.equal((await rowOf("app.requestTimeout"))?.source, "env AETHER_APP_REQUEST_TIMEOUT");
  assert.equal(
    await node.must(["config", "set", "log.level", "debug"]),
    "log.level = debug holds now on all nodes\n",
  );
  const row = await rowOf("log.level");
  assert.deepEqual([row?.value, row?.source, row?.base?.source], [
    '"debug"',
    "override cluster",
    "flag --log-level",
  ]);
  await node.must(["config", "set", "log.format", "json", "--node", "node-1"]);
  // A stopping node says so on its main thread, whose level was changed from control's.
  node.process.kill("SIGTERM");
  await node.process.ended;
  const lines = node.process.stderr.slice(before);
  assert.ok(lines.some((line) => line.includes('"message":"Stopping"')), lines.join("\n"));
});

e2eTest(
  "config set refuses what it cannot set, and remove says when there is nothing",
  async (world) => {
    const node = await Node.start(world);
    const fixed = await node.run(["config", "set", "management.port", "1"]);
    assert.equal(fixed.code, 1);
    assert.match(fixed.stderr, /management\.port is read before the store is open/);
    const nothing = await node.run(["config", "remove", "log.level"]);
    assert.equal(nothing.code, 3);
    await node.must(["config", "set", "log.level", "warn"]);
    assert.match(await node.must(["config", "list", "--overrides"]), /log\.level +"warn" +\(all\)/);
    assert.match(await node.must(["config", "remove", "log.level"]), /for the cluster is removed/);
  },
);
