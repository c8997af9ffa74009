import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../../base/errors.ts";
import { type ConfigInputs, readConfig } from "./read.ts";
import type { SecretProvider } from "./secrets.ts";

fc.configureGlobal({ seed: 34 });

function secretsIn(directory: string): SecretProvider {
  const values: Record<string, string> = {
    "token": "s3cr3t-v4lue",
    "port": "7001",
    "hash": "ab".repeat(32),
  };
  return {
    place: `the folder "${directory}"`,
    read: (name) => Promise.resolve(values[name]),
  };
}

function inputs(text: string, more: Partial<ConfigInputs> = {}): ConfigInputs {
  return { file: { name: "a.toml", text }, env: {}, flags: {}, secretsIn, ...more };
}

async function refused(given: ConfigInputs): Promise<AetherError> {
  try {
    await readConfig(given);
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    return error;
  }
  assert.fail("The configuration should be refused");
}

Deno.test("readConfig() names the source of every value", async () => {
  const text = `[node]\nid = "a"\n\n[app]\nport = 1\nrequestTimeout = "5s"\n`;
  const env = { AETHER_APP_PORT: "2", NODE_ID: "b" };
  const { config, sources, warnings } = await readConfig(
    inputs(text, { env, flags: { "node-id": "c" } }),
  );
  assert.equal(config.node.id, "c");
  assert.equal(config.app.port, 2);
  assert.equal(config.app.requestTimeoutMs, 5_000);
  assert.equal(sources.get("node.id"), "flag --node-id");
  assert.equal(sources.get("app.port"), "env AETHER_APP_PORT");
  assert.equal(sources.get("app.requestTimeout"), "file a.toml:6");
  assert.equal(sources.get("app.host"), "default");
  assert.deepEqual(warnings, []);
});

Deno.test("readConfig() works without a file", async () => {
  const { config, sources } = await readConfig({ env: {}, flags: {}, secretsIn });
  assert.equal(config.node.id, "node-1");
  assert.deepEqual(new Set(sources.values()), new Set(["default"]));
});

Deno.test("readConfig() reports every problem with its line, in their order", async () => {
  const text = [
    "[management]",
    'port = "80"',
    "prot = 1",
    "[[management.keys]]",
    'name = "a"',
    'role = "root"',
    "[app]",
    'requestTimeout = "${env:NOPE}"',
    "hots = 1",
    "[sandbox.max]",
    "net = [",
    '  "ok.example",',
    '  "http://bad"',
    "]",
  ].join("\n");
  const error = await refused(inputs(text, { env: { AETHER_LOG_LEVEL: "loud" } }));
  assert.equal(error.name, "CONFIG_INVALID");
  assert.deepEqual(error.issues.map(({ path, line }) => [path, line]), [
    ["log.level", undefined],
    ["management.port", 2],
    ["management.prot", 3],
    ["management.keys[0].sha256", 4],
    ["management.keys[0].role", 6],
    ["app.requestTimeout", 8],
    ["app.hots", 9],
    ["sandbox.max.net[1]", 13],
  ]);
  const messages = error.issues.map((issue) => issue.message);
  assert.match(messages[0] ?? "", /^Value "loud" \(env AETHER_LOG_LEVEL\) is not valid: write one/);
  assert.equal(messages[2], 'Unknown key "prot"; did you mean "port"?');
  assert.match(messages[3] ?? "", /^The key is missing; write the SHA-256/);
  assert.equal(messages[5], 'Variable "NOPE" does not exist; set it before the start');
  assert.match(error.message, /^a\.toml has 8 problems, the first: log\.level: /);
});

Deno.test("readConfig() names the flag of a wrong value", async () => {
  const error = await refused(inputs("[cluster]\nport = 1", { flags: { port: "80x" } }));
  assert.deepEqual(error.issues, [{
    path: "cluster.port",
    message: 'Value "80x" (flag --port) is not valid: write a whole number from 0 to 65535, ' +
      "without quotes",
  }]);
});

Deno.test("readConfig() names a missing secret as SECRET_MISSING when that is all", async () => {
  const text = '[secrets]\ndirectory = "/run/s"\n[node]\nid = "${secrets:nope}"';
  const error = await refused(inputs(text));
  assert.equal(error.name, "SECRET_MISSING");
  assert.equal(error.code, "E1006");
  assert.deepEqual(error.issues, [{
    path: "node.id",
    message: 'Secret "nope" does not exist in the folder "/run/s"; create that file',
    line: 4,
  }]);
});

Deno.test("readConfig() reads a number, a truth value and a list from references", async () => {
  const text = [
    "[secrets]",
    'directory = "${env:SECRETS_DIR}"',
    "[app]",
    'port = "${secrets:port}"',
    "[cluster]",
    'peers = "${env:PEERS}"',
    'insecure = "${env:OPEN}"',
  ].join("\n");
  const env = { SECRETS_DIR: "/run/s", PEERS: "a:h:1,b:h:2", OPEN: "true" };
  const { config } = await readConfig(inputs(text, { env }));
  assert.equal(config.secrets.directory, "/run/s");
  assert.equal(config.app.port, 7001);
  assert.equal(config.cluster.peers.length, 2);
  assert.equal(config.cluster.insecure, true);
});

Deno.test("readConfig() does not look for references in what references gave", async () => {
  const env = { DIR: "/${secrets:token}" };
  const { config } = await readConfig(inputs('[secrets]\ndirectory = "${env:DIR}"', { env }));
  assert.equal(config.secrets.directory, "/${secrets:token}");
});

Deno.test("readConfig() refuses a secret as the directory of secrets", async () => {
  const error = await refused(inputs('[secrets]\ndirectory = "${secrets:token}"'));
  assert.equal(error.name, "SECRET_MISSING");
  assert.deepEqual(error.issues.map(({ path, line }) => [path, line]), [["secrets.directory", 2]]);
});

Deno.test("readConfig() lists secret variables for deletion, others not", async () => {
  const text = '[node]\nid = "${env:HOST}"\n[log]\nlevel = "${env:LEVEL_TOKEN}"';
  const env = {
    HOST: "h",
    LEVEL_TOKEN: "info",
    OTHER_PASSWORD: "x",
    AETHER_MANAGEMENT_TLS_KEY: "k.pem",
    AETHER_MANAGEMENT_TLS_CERTIFICATE: "c.pem",
  };
  const loaded = await readConfig(inputs(text, { env }));
  assert.deepEqual([...loaded.secretVariables].sort(), [
    "AETHER_MANAGEMENT_TLS_KEY",
    "LEVEL_TOKEN",
  ]);
  assert.deepEqual([...loaded.secretPaths], ["log.level"]);
});

Deno.test("readConfig() makes paths of the file absolute, not those of variables", async () => {
  const text = '[node]\ndataDir = "data"\n[secrets]\ndirectory = "s"\n[sandbox.max]\nread = ["r"]';
  const seen: string[] = [];
  const { config } = await readConfig(inputs(text, {
    env: { AETHER_SANDBOX_MAX_WRITE: "w" },
    resolvePath: (path) => `/etc/aether/${path}`,
    secretsIn: (directory) => {
      seen.push(directory);
      return secretsIn(directory);
    },
  }));
  assert.equal(config.node.dataDir, "/etc/aether/data");
  assert.equal(config.secrets.directory, "/etc/aether/s");
  assert.deepEqual(config.sandbox.max.read, ["/etc/aether/r"]);
  assert.deepEqual(config.sandbox.max.write, ["w"]);
  assert.deepEqual(seen, ["/etc/aether/s"]);
});

Deno.test("readConfig() warns of applications that others reach, with the line", async () => {
  const { warnings } = await readConfig(inputs('[app]\nhost = "0.0.0.0"'));
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]?.line, 2);
  assert.match(warnings[0]?.message ?? "", /^Applications on "0\.0\.0\.0" answer everyone/);
});

/** Places where a secret can end up in a message. */
const leaks: Record<string, string> = {
  "a wrong word": '[log]\nlevel = "${secrets:token}"',
  "a wrong number": '[app]\nport = "${secrets:token}"',
  "a wrong duration": '[app]\nrequestTimeout = "${secrets:token}"',
  "a part of a duration": '[app]\nrequestTimeout = "1${secrets:token}"',
  "a list": '[cluster]\npeers = ["${secrets:token}"]',
  "a text for a list": '[cluster]\npeers = "${secrets:token}"',
  "a text for a table": 'app = "${secrets:token}"',
  "an address that others reach": '[management]\nhost = "${secrets:token}"',
  "two peers":
    '[cluster]\ninsecure = true\npeers = ["a:${secrets:token}:1", "b:${secrets:token}:1"]',
  "a table for a text": '[node]\nid = { a = "${secrets:token}" }',
};

for (const [what, text] of Object.entries(leaks)) {
  Deno.test(`readConfig() shows no secret in ${what}`, async () => {
    const error = await refused(inputs(`${text}\n[secrets]\ndirectory = "/s"`));
    const shown = JSON.stringify([error.message, error.issues, error.toProblem()]);
    assert.doesNotMatch(shown, /s3cr3t|v4lue/);
    assert.equal(error.issues.length, 1);
  });
}

Deno.test("readConfig() answers any file with a configuration or one AetherError", async () => {
  const line = fc.constantFrom(
    "[node]",
    "[app]",
    "[[management.keys]]",
    "[management.tls]",
    "[sandbox.max]",
    "port = 1",
    'port = "${env:A}"',
    'id = "x"',
    "id = 1979-05-27",
    "__proto__ = 1",
    "constructor.x = { __proto__ = 2 }",
    'host = "${secrets:token}"',
    "net = ['*', 5, {a=1}]",
    'requestTimeout = "1s"',
    "x = [[[]]]",
    "= 1",
  );
  await fc.assert(fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
    try {
      assert.ok(Object.isFrozen((await readConfig(inputs(lines.join("\n")))).config));
    } catch (error) {
      assert.ok(error instanceof AetherError, String(error));
      assert.ok(error.issues.length > 0);
      for (const { line } of error.issues) {
        assert.ok(line === undefined || (line >= 1 && line <= lines.length + 1));
      }
    }
  }));
});
