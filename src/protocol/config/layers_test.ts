import assert from "node:assert/strict";
import { keyAt } from "./keys.ts";
import { type FlagValues, mergeLayers, readText } from "./layers.ts";
import { getAt } from "./paths.ts";

function merged(text: string, env: Record<string, string> = {}, flags: FlagValues = {}) {
  return mergeLayers({ name: "a.toml", text }, env, flags);
}

Deno.test("mergeLayers() prefers flags to variables to the file", () => {
  const env = { AETHER_CLUSTER_PORT: "2", CLUSTER_PORT: "3" };
  const all = merged("[cluster]\nport = 1", env, { port: 4 });
  assert.equal(getAt(all.tree, ["cluster", "port"]), 4);
  assert.equal(all.overrides.get("cluster.port"), "flag --port");
  const noFlag = merged("[cluster]\nport = 1", env, { port: undefined });
  assert.equal(getAt(noFlag.tree, ["cluster", "port"]), 2);
  assert.equal(noFlag.overrides.get("cluster.port"), "env AETHER_CLUSTER_PORT");
  const short = merged("[cluster]\nport = 1", { CLUSTER_PORT: "3" });
  assert.equal(getAt(short.tree, ["cluster", "port"]), 3);
  assert.equal(short.overrides.get("cluster.port"), "env CLUSTER_PORT");
  const fileOnly = merged("[cluster]\nport = 1");
  assert.equal(getAt(fileOnly.tree, ["cluster", "port"]), 1);
  assert.equal(fileOnly.lineOf(["cluster", "port"]), 2);
});

Deno.test("mergeLayers() takes an empty variable as not set", () => {
  const { tree } = merged("", { AETHER_NODE_ID: "", NODE_ID: "n7" });
  assert.equal(getAt(tree, ["node", "id"]), "n7");
});

Deno.test("mergeLayers() takes flags in camel case, as text, number or list", () => {
  const flags = { managementPort: "81", peers: ["a:h:1", "b:h:2"], "log-level": "debug" };
  const { tree } = merged("", {}, flags);
  assert.equal(getAt(tree, ["management", "port"]), 81);
  assert.deepEqual(getAt(tree, ["cluster", "peers"]), ["a:h:1", "b:h:2"]);
  assert.equal(getAt(tree, ["log", "level"]), "debug");
});

Deno.test("mergeLayers() treats a flag that sets nothing as a bug of the caller", () => {
  assert.throws(() => merged("", {}, { banana: 1 }), {
    name: "InvariantError",
    message: "Flag --banana sets no configuration key",
  });
});

Deno.test("mergeLayers() does not put a variable into what is no table", () => {
  const { tree, overrides } = merged("app = 5", { APP_PORT: "1" });
  assert.equal(tree.app, 5);
  assert.equal(overrides.size, 0);
});

Deno.test("mergeLayers() names the line of text that is not TOML", () => {
  assert.throws(() => merged("[node]\nid = \n"), {
    name: "CONFIG_INVALID",
    code: "E1001",
    message: 'a.toml has 1 problem: (syntax) (line 2): Invalid value at column 6 of "id ="',
    issues: [{ path: "(syntax)", message: 'Invalid value at column 6 of "id ="', line: 2 }],
  });
  assert.throws(() => merged("[node]\nid = 'a'\nid = 'b'\n"), /line 3.*already defined/);
});

Deno.test("mergeLayers() warns of variables that set nothing, with the nearest name", () => {
  const { warnings } = merged("", {
    AETHER_MANAGMENT_PORT: "1",
    AETHER_BANANA: "1",
    AETHER_MANAGEMENT_KEYS: "x",
    AETHER_TOKEN: "t",
    AETHER_EXE: "e",
    AETHER_CONFIG: "c",
    HOME: "/",
  });
  assert.deepEqual(warnings.map((warning) => warning.message), [
    "Variable AETHER_MANAGMENT_PORT sets nothing; did you mean AETHER_MANAGEMENT_PORT?",
    "Variable AETHER_BANANA sets nothing; docs/reference/configuration.md lists all names",
    "Variable AETHER_MANAGEMENT_KEYS sets nothing; write [[management.keys]] tables in the file",
  ]);
});

Deno.test("readText() reads numbers, truth values and lists, and leaves misfits as text", () => {
  const cases: [string, string, unknown][] = [
    ["app.port", "80", 80],
    ["app.port", "-1", -1],
    ["app.port", "80a", "80a"],
    ["app.port", "0x50", "0x50"],
    ["management.insecure", "true", true],
    ["management.insecure", "false", false],
    ["management.insecure", "yes", "yes"],
    ["cluster.peers", "a:h:1, b:h:2", ["a:h:1", "b:h:2"]],
    ["sandbox.max.read", "/a,,/b", ["/a", "", "/b"]],
    ["node.id", "5", "5"],
    ["app.requestTimeout", "5s", "5s"],
  ];
  for (const [path, text, expected] of cases) {
    const key = keyAt(path);
    assert.ok(key);
    assert.deepEqual(readText(key, text), expected, `${path} = ${text}`);
  }
});
