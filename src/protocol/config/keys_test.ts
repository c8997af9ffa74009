import assert from "node:assert/strict";
import { configKeys, configSections, keyAt, keyOfFlag, namesIn, otherVariables } from "./keys.ts";

Deno.test("configKeys names variables and flags by the path of the key", () => {
  const port = keyAt("cluster.port");
  assert.deepEqual(port?.variables, ["AETHER_CLUSTER_PORT", "CLUSTER_PORT"]);
  assert.equal(port?.flag, "port");
  assert.equal(port?.defaultValue, 8090);
  assert.deepEqual(keyAt("app.maxBodyBytes")?.variables, ["AETHER_APP_MAX_BODY_BYTES"]);
  assert.deepEqual(keyAt("sandbox.max.net")?.variables, ["AETHER_SANDBOX_MAX_NET"]);
  assert.deepEqual(keyAt("management.keys")?.variables, []);
  assert.equal(keyAt("management.keys[7].sha256")?.isSecret, true);
  assert.equal(keyAt("management.nothing"), undefined);
});

Deno.test("configKeys gives every variable and flag to one key only", () => {
  const variables = [...configKeys.flatMap((key) => key.variables), ...otherVariables];
  assert.equal(new Set(variables).size, variables.length);
  const flags = configKeys.flatMap((key) => key.flag ?? []);
  assert.equal(new Set(flags).size, flags.length);
  assert.equal(flags.length, 13);
});

Deno.test("configKeys describes every key and table", () => {
  for (const { path, description } of [...configKeys, ...configSections]) {
    assert.match(description, /^[A-Z$].*[^.]$/s, path);
  }
  assert.deepEqual(configSections.map((section) => section.path), [
    "node",
    "cluster",
    "tls",
    "management",
    "management.tls",
    "app",
    "app.cors",
    "app.tls",
    "calls",
    "store",
    "artifact",
    "storage",
    "sandbox",
    "sandbox.max",
    "deployment",
    "scaling",
    "backup",
    "backup.s3",
    "log",
    "secrets",
  ]);
});

Deno.test("keyOfFlag() takes dashes and camel case", () => {
  assert.equal(keyOfFlag("management-port")?.path, "management.port");
  assert.equal(keyOfFlag("managementPort")?.path, "management.port");
  assert.equal(keyOfFlag("config"), undefined);
});

Deno.test("namesIn() lists what is valid in a table", () => {
  assert.deepEqual(namesIn("management.keys[0]"), ["name", "role", "sha256"]);
  assert.deepEqual(namesIn("management.tls"), ["certificate", "key"]);
  assert.deepEqual(namesIn("log"), ["level", "format"]);
  assert.ok(namesIn("").includes("sandbox"));
  assert.deepEqual(namesIn("log.level"), []);
});
