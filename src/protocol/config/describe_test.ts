import assert from "node:assert/strict";
import { canonicalConfig, describeConfig } from "./describe.ts";
import { configKeys } from "./keys.ts";
import { type LoadedConfig, readConfig } from "./read.ts";

function loaded(text: string, env: Record<string, string> = {}): Promise<LoadedConfig> {
  return readConfig({
    file: { name: "a.toml", text },
    env,
    flags: {},
    secretsIn: () => ({ place: "here", read: () => Promise.resolve("warn") }),
  });
}

Deno.test("describeConfig() shows each key in the words of the file", async () => {
  const rows = describeConfig(
    await loaded([
      "[cluster]",
      'peers = ["b:[::1]:9"]',
      "[management]",
      'requestTimeout = "90s"',
      'maxBodyBytes = "1048576B"',
      "[[management.keys]]",
      'name = "ops"',
      'role = "admin"',
      `sha256 = "${"ab".repeat(32)}"`,
    ].join("\n")),
  );
  const byPath = new Map(rows.map((row) => [row.path, row]));
  assert.deepEqual(byPath.get("cluster.peers")?.value, '["b:[::1]:9"]');
  assert.deepEqual(byPath.get("management.requestTimeout"), {
    path: "management.requestTimeout",
    value: '"1m30s"',
    source: "file a.toml:4",
  });
  assert.equal(byPath.get("management.maxBodyBytes")?.value, '"1MiB"');
  assert.deepEqual(byPath.get("management.keys[0].role"), {
    path: "management.keys[0].role",
    value: '"admin"',
    source: "file a.toml:8",
  });
  assert.equal(byPath.get("management.keys[0].sha256")?.value, '"***"');
  assert.equal(byPath.get("management.keys"), undefined);
  assert.deepEqual(byPath.get("node.dataDir"), {
    path: "node.dataDir",
    value: "",
    source: "default",
  });
  assert.doesNotMatch(JSON.stringify(rows), /abab/);
});

Deno.test("describeConfig() has a row for every key of the schema", async () => {
  const paths = describeConfig(await loaded("")).map((row) => row.path);
  const expected = configKeys.map((key) => key.path).filter((path) =>
    !path.includes("[]") && path !== "resources"
  );
  assert.deepEqual(paths, expected);
});

Deno.test("describeConfig() hides values from secrets, also single elements of lists", async () => {
  const rows = describeConfig(
    await loaded(
      [
        "[secrets]",
        'directory = "/s"',
        "[log]",
        'level = "${secrets:level}"',
        "[management]",
        'hosts = ["a.example", "${env:NAME_TOKEN}"]',
      ].join("\n"),
      { NAME_TOKEN: "hidden.example" },
    ),
  );
  const value = (path: string) => rows.find((row) => row.path === path)?.value;
  assert.equal(value("log.level"), '"***"');
  assert.equal(value("management.hosts"), '["a.example","***"]');
  assert.doesNotMatch(JSON.stringify(rows), /warn|hidden/);
});

Deno.test("canonicalConfig() is equal for equal configurations only", async () => {
  const plain = await loaded('[app]\nrequestTimeout = "1m"\nport = 1\n');
  const other = await loaded('app = { port = 1, requestTimeout = "60s" }');
  const changed = await loaded('[app]\nrequestTimeout = "61s"\nport = 1\n');
  assert.equal(canonicalConfig(plain), canonicalConfig(other));
  assert.notEqual(canonicalConfig(plain), canonicalConfig(changed));
});
