import assert from "node:assert/strict";
import { resolveConfig } from "./config.ts";
import { configKeys } from "./keys.ts";
import { configTree, effectiveKeys, effectOf, knownConfig, withOverrides } from "./overlay.ts";

const full = {
  node: { id: "n1", dataDir: "/data" },
  cluster: { peers: ["n1:127.0.0.1:8090", "n2:[::1]:8090"] },
  management: {
    keys: [{ name: "bot", role: "viewer", sha256: "a".repeat(64) }],
    tls: { certificate: "/c", key: "/k" },
    requestTimeout: "1500ms",
  },
  artifact: { maxBytes: "1500000B" },
  backup: { directory: "/b", interval: "90m" },
  sandbox: { max: { net: ["a.example.com:443"], env: ["TZ"] } },
};

Deno.test("configTree() gives a tree that means the same configuration", () => {
  for (const tree of [{}, full]) {
    const config = resolveConfig(tree);
    assert.deepEqual(resolveConfig(configTree(config)), config);
  }
});

Deno.test("withOverrides() puts the cluster's over the file and the node's over both", () => {
  const base = knownConfig(resolveConfig({ log: { level: "warn" } }), {
    sources: { "log.level": "file a.toml:2", "app.requestTimeout": "default" },
    secretPaths: [],
  });
  const overrides = [
    { key: "log.level", value: "debug", node: "n1" },
    { key: "log.level", value: "error", node: undefined },
    { key: "log.level", value: "trace", node: "n2" },
    { key: "app.requestTimeout", value: "5s", node: undefined },
    { key: "management.maxInFlight", value: "7", node: undefined },
  ];
  const { known, issues } = withOverrides(base, overrides, "n1");
  assert.deepEqual(issues, []);
  assert.equal(known.config.log.level, "debug");
  assert.equal(known.config.app.requestTimeoutMs, 5_000);
  assert.equal(known.config.management.maxInFlight, 7);
  const rows = new Map(effectiveKeys(base, known).map((row) => [row.key, row]));
  assert.deepEqual(rows.get("log.level"), {
    key: "log.level",
    value: '"debug"',
    source: "override node n1",
    effect: "live",
    base: { value: '"warn"', source: "file a.toml:2" },
  });
  assert.equal(rows.get("app.requestTimeout")?.source, "override cluster");
  assert.equal(withOverrides(base, overrides, "n3").known.config.log.level, "error");
});

Deno.test("withOverrides() reports every problem and changes nothing then", () => {
  const base = knownConfig(resolveConfig({}), undefined);
  const { known, issues } = withOverrides(base, [
    { key: "log.level", value: "loud", node: undefined },
    { key: "log.levle", value: "info", node: undefined },
    { key: "node.id", value: "other", node: undefined },
    { key: "app.requestTimeout", value: 30, node: "n1" },
  ], "n1");
  assert.equal(known, base);
  assert.deepEqual(issues.map(({ path }) => path).toSorted(), [
    "app.requestTimeout",
    "log.level",
    "log.levle",
    "node.id",
  ]);
  const text = issues.map(({ message }) => message).join("\n");
  assert.match(text, /did you mean log\.level\?/);
  assert.match(text, /"loud" \(override cluster\) is not valid/);
  assert.match(text, /set it in the file and restart/);
});

Deno.test("effectOf() lets no override change who the node is or who may call it", () => {
  for (const { path } of configKeys) {
    const isOwn = /^(node|cluster|secrets)\.|\.(host|port|tls|keys|insecure)\b|^backup\.(s3|dir)/;
    // How many nodes there are is nobody's own.
    if (path === "cluster.size" || path === "cluster.healTimeout") continue;
    if (isOwn.test(path)) assert.equal(effectOf(path), "fixed", path);
  }
  assert.equal(effectOf("log.level"), "live");
  assert.equal(effectOf("sandbox.max.net"), "restart");
});
