import assert from "node:assert/strict";
import { type Config, resolveConfig } from "../../protocol/config/config.ts";
import { knownConfig } from "../../protocol/config/overlay.ts";
import { keys } from "../../protocol/keys.ts";
import { ConfigOverlay } from "./config_overlay.ts";
import { addMember, MemoryStore, recordingLogger } from "./store_fixture_test.ts";

function setUp(tree: Record<string, unknown> = {}) {
  const store = new MemoryStore();
  addMember(store, "n1");
  addMember(store, "n2");
  const { log, lines } = recordingLogger();
  const seen: Config[] = [];
  const overlay = new ConfigOverlay({
    store,
    node: "n1",
    base: knownConfig(resolveConfig(tree), undefined),
    log,
    onChange: (config) => seen.push(config),
  });
  return { store, overlay, lines, seen };
}

Deno.test("ConfigOverlay follows overrides of the cluster and of its own node", async () => {
  const { overlay, seen } = setUp();
  assert.deepEqual((await overlay.set("log.level", "warn", undefined)).effect, "live");
  await overlay.set("log.level", "trace", "n2");
  assert.equal(overlay.config.log.level, "warn");
  await overlay.set("log.level", "debug", "n1");
  assert.equal(overlay.config.log.level, "debug");
  await overlay.remove("log.level", "n1");
  await overlay.remove("log.level", undefined);
  assert.equal(overlay.config.log.level, "info");
  assert.equal(seen.length, 5);
  assert.deepEqual(overlay.list().map(({ key, value, node }) => [key, value, node]), [
    ["log.level", "trace", "n2"],
  ]);
  await assert.rejects(overlay.remove("log.level", "n1"), { name: "OVERRIDE_NOT_FOUND" });
});

Deno.test("ConfigOverlay.set() refuses unknown nodes and values, and writes nothing", async () => {
  const { overlay, store } = setUp();
  await assert.rejects(overlay.set("log.level", "warn", "n9"), /Node "n9" is no member/);
  await assert.rejects(overlay.set("log.level", "loud", undefined), { name: "CONFIG_INVALID" });
  assert.deepEqual(store.state.list(keys.config.prefix), []);
});

Deno.test("ConfigOverlay stays as it was when an override does not fit its own file", () => {
  const { overlay, store, lines, seen } = setUp();
  const write = (key: string, value: string | string[]) =>
    store.write("operator", keys.config.put(keys.config.key("cluster", key), { value }));
  write("log.level", "warn");
  // Written by a node whose version knows more.
  write("log.future", "1");
  assert.equal(overlay.config.log.level, "warn");
  assert.equal(seen.length, 1);
  assert.match(lines.join("\n"), /do not fit this node .*log\.future/);
});
