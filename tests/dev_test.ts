import assert from "node:assert/strict";
import { join } from "node:path";
import { devCluster } from "../cli/dev_cluster.ts";
import { newSlice } from "../src/artifact/scaffold.ts";
import { AetherClient } from "../src/client/client.ts";
import { type DevOptions, runDev } from "../src/forge/dev.ts";
import type { DevReady } from "../src/forge/dev_session.ts";

Deno.test("runDev() serves a folder and deploys a change without an error", async () => {
  const root = await Deno.makeTempDir({ prefix: "aether-dev-" });
  await newSlice("hello", root);
  const stop = new AbortController();
  const ready = Promise.withResolvers<DevReady>();
  const options: DevOptions = {
    folder: root,
    nodes: 1,
    portBase: 0,
    logLevel: "warn",
    env: Deno.env.toObject(),
    signal: stop.signal,
    connect: devCluster,
    onReady: (info) => Promise.resolve(ready.resolve(info)),
    say: () => Promise.resolve(),
    warn: () => Promise.resolve(),
    report: (error) => Promise.reject(error),
  };
  const running = runDev(options);
  running.catch(ready.reject);
  try {
    const { nodes: [node], slices, try: lines } = await ready.promise;
    const url = `${node?.app}/hello/Ada`;
    assert.deepEqual(lines, [`curl ${url}`]);
    assert.match(slices.join(), /^org\.example:hello:1\.0\.0-dev\.h/);
    assert.equal(await (await fetch(url)).text(), '{"greeting":"Hello, Ada"}');
    const path = join(root, "mod.ts");
    const source = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, source.replace("Hello,", "Changed,"));
    // Requests never stop while the new version replaces the old one.
    for (let text = ""; text !== '{"greeting":"Changed, Ada"}';) {
      const response = await fetch(url);
      text = await response.text();
      assert.equal(response.status, 200, text);
    }
    stop.abort();
    await running;
    const health = new AetherClient({ address: node?.management ?? "" }).call("health");
    await assert.rejects(health, { name: "UNREACHABLE" });
  } finally {
    stop.abort();
    await running.catch(() => {});
    await Deno.remove(root, { recursive: true });
  }
});
