import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../../base/errors.ts";
import { type Config, isLoopback, resolveConfig } from "./config.ts";

fc.configureGlobal({ seed: 34 });

const hash = "ab".repeat(32);
const key = { name: "ops", role: "admin", sha256: hash };
const tls = { certificate: "cert.pem", key: "key.pem" };

function refused(tree: unknown): AetherError {
  try {
    resolveConfig(tree);
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    return error;
  }
  assert.fail("The configuration should be refused");
}

Deno.test("resolveConfig() fills in every default and freezes all of it", () => {
  const config = resolveConfig({});
  const expected: Config = {
    node: { id: "node-1" },
    cluster: {
      host: "127.0.0.1",
      port: 8090,
      gatewayPort: 8091,
      storagePort: 8092,
      peers: [],
      replaceTimeoutMs: 600_000,
      insecure: false,
      size: 0,
      provider: "none",
      healTimeoutMs: 60_000,
    },
    management: {
      host: "127.0.0.1",
      port: 8080,
      hosts: [],
      insecure: false,
      keys: [],
      maxBodyBytes: 2_097_152,
      maxInFlight: 256,
      maxWatches: 1_000,
      requestTimeoutMs: 30_000,
    },
    app: {
      ...{ host: "127.0.0.1", port: 8070, maxConnections: 10_000, trustedProxies: [] },
      ...{ maxBodyBytes: 10_485_760, maxStreamBytes: 1_073_741_824, idleTimeoutMs: 75_000 },
      ...{ headerTimeoutMs: 10_000, bodyTimeoutMs: 30_000, accessLog: "errors" },
      cors: {
        ...{ origins: [], credentials: false, cacheTimeoutMs: 600_000 },
        headers: ["content-type", "x-request-id", "traceparent"],
      },
      ...{ accessLogPerSecond: 100, writeTimeoutMs: 30_000, requestTimeoutMs: 30_000 },
      maxInFlightPerInstance: 256,
    },
    calls: { maxBytes: 4_194_304, maxDepth: 32, interceptorsOff: [] },
    store: { maxBytes: 268_435_456, historyRevisions: 10_000, snapshotEveryBytes: 16_777_216 },
    artifact: { maxBytes: 67_108_864 },
    storage: { maxBytes: 68_719_476_736, memoryBytes: 268_435_456, cacheBytes: 268_435_456 },
    sandbox: {
      tier: "worker",
      heapMb: 256,
      startTimeoutMs: 10_000,
      stopTimeoutMs: 5_000,
      hungTimeoutMs: 10_000,
      leakedThreadsMax: 3,
      audit: false,
      max: { net: [], read: [], write: [], env: [], run: false, ffi: false, sys: [] },
    },
    deployment: {
      loadingTimeoutMs: 120_000,
      startingTimeoutMs: 60_000,
      unloadingTimeoutMs: 120_000,
      drainTimeoutMs: 60_000,
      shutdownTimeoutMs: 30_000,
    },
    scaling: {
      enabled: false,
      dryRun: false,
      upInFlight: 16,
      downInFlight: 4,
      upCpuPercent: 80,
      downCpuPercent: 20,
      maxInstances: 32,
    },
    backup: { keep: 24 },
    resources: {},
    log: { level: "info", format: "text" },
    secrets: {},
  };
  assert.deepEqual(config, expected);
  assert.ok(Object.isFrozen(config.sandbox.max.net));
  assert.throws(() => {
    (config.sandbox.max as { run: boolean }).run = true;
  }, TypeError);
});

Deno.test("resolveConfig() reads peers, also with IPv6 addresses", () => {
  const peers = ["a:host-1:8090", "b:[::1]:1"];
  const { cluster } = resolveConfig({ cluster: { insecure: true, peers } });
  assert.deepEqual(cluster.peers, [{ id: "a", host: "host-1", port: 8090 }, {
    id: "b",
    host: "::1",
    port: 1,
  }]);
});

/** Wrong values with the exact issue: path, message. */
const wrong: [string, unknown, string, string][] = [
  [
    "a wrong type",
    { management: { port: "8080" } },
    "management.port",
    'Value "8080" is not valid: write a whole number from 0 to 65535, without quotes',
  ],
  [
    "a port out of range",
    { app: { port: 65_536 } },
    "app.port",
    "Value 65536 is not valid: write a whole number from 0 to 65535, without quotes",
  ],
  [
    "an unknown key",
    { management: { prot: 1 } },
    "management.prot",
    'Unknown key "prot"; did you mean "port"?',
  ],
  [
    "an unknown table",
    { mangement: {} },
    "mangement",
    'Unknown key "mangement"; did you mean "management"?',
  ],
  [
    "a key of another table",
    { log: { dataDir: "x" } },
    "log.dataDir",
    'Unknown key "dataDir"; did you mean node.dataDir?',
  ],
  [
    "a key like nothing else",
    { log: { banana: 1 } },
    "log.banana",
    'Unknown key "banana"; valid here: level, format',
  ],
  [
    "an upper-case node id",
    { node: { id: "Node_1" } },
    "node.id",
    'Value "Node_1" is not valid: write 1 to 63 letters a-z, digits and "-", not starting ' +
    'with "-", for example "node-1"',
  ],
  [
    "a duration without unit",
    { app: { requestTimeout: 30 } },
    "app.requestTimeout",
    'Value 30 is not valid: write a text with a unit, for example "30s"',
  ],
  [
    "a zero timeout",
    { app: { requestTimeout: "0s" } },
    "app.requestTimeout",
    'Value "0s" is not valid: write a duration as text, for example "30s" or "1m30s", ' +
    "from 1ms to 1d",
  ],
  [
    "a size with a wrong unit",
    { store: { maxBytes: "256mb" } },
    "store.maxBytes",
    'Value "256mb" is not valid: it has the unknown unit "mb"; write 256MB or 256MiB',
  ],
  [
    "an unknown word",
    { sandbox: { tier: "container" } },
    "sandbox.tier",
    'Value "container" is not valid: write one of "worker", "process"',
  ],
  [
    "a value where a table belongs",
    { app: 5 },
    "app",
    "Value 5 is not valid: write a table, for example [node] and keys below",
  ],
  [
    "a missing key",
    { management: { tls: { certificate: "c.pem" } } },
    "management.tls.key",
    "The key is missing; write the path of a file or folder as text",
  ],
  [
    "a malformed peer",
    { cluster: { peers: ["n2:host"] } },
    "cluster.peers[0]",
    'Value "n2:host" is not valid: write id:host:port, for example "node-2:192.0.2.12:8090"',
  ],
  [
    "a peer with port 0",
    { cluster: { peers: ["n2:host:0"] } },
    "cluster.peers[0]",
    'Value "n2:host:0" is not valid: write id:host:port, for example "node-2:192.0.2.12:8090"',
  ],
  [
    "a host with a port",
    { app: { host: "localhost:80" } },
    "app.host",
    'Value "localhost:80" is not valid: write a host name or an IP address without port, ' +
    'for example "127.0.0.1"',
  ],
  [
    "an AETHER variable for slices",
    { sandbox: { max: { env: ["AETHER_TOKEN"] } } },
    "sandbox.max.env[0]",
    'Value "AETHER_TOKEN" is not valid: write the name of a variable that does not start with ' +
    'AETHER_, for example "TZ"',
  ],
  [
    "a network element that is an address of the web",
    { sandbox: { max: { net: ["https://a.example"] } } },
    "sandbox.max.net[0]",
    'Value "https://a.example" is not valid: write host, host:port or, alone, "*", ' +
    'for example "api.example.com:443"',
  ],
  [
    "a star among hosts",
    { sandbox: { max: { net: ["a.example", "*"] } } },
    "sandbox.max.net[1]",
    'Element "*" already means every named host; write only addresses beside it',
  ],
  [
    "an artifact limit above the hard one",
    { artifact: { maxBytes: "65MiB" } },
    "artifact.maxBytes",
    'Value "65MiB" is not valid: write a size as text, for example "512KiB" or "64MiB", ' +
    "from 1KiB to 64MiB",
  ],
  [
    "two listeners on one port",
    { app: { port: 8080 } },
    "app.port",
    "Port 8080 is already management.port on the same address; choose another",
  ],
  [
    "two listeners on one port by another name of the address",
    { app: { port: 8080, host: "localhost" } },
    "app.port",
    "Port 8080 is already management.port on the same address; choose another",
  ],
  [
    "a peer id twice",
    { cluster: { insecure: true, peers: ["a:h1:1", "a:h2:1"] } },
    "cluster.peers[1]",
    'Peer id "a" appears twice; every peer has its own',
  ],
  [
    "a peer address twice",
    { cluster: { insecure: true, peers: ["a:h1:1", "b:h1:1"] } },
    "cluster.peers[1]",
    'Peer address "h1:1" appears twice; every peer has its own',
  ],
  [
    "snapshots rarer than the store is large",
    { store: { maxBytes: "1MiB", snapshotEveryBytes: "2MiB" } },
    "store.snapshotEveryBytes",
    "2097152 bytes between snapshots is more than store.maxBytes (1048576); lower it or raise " +
    "store.maxBytes",
  ],
  [
    "a key name twice",
    { management: { keys: [key, { ...key, sha256: "cd".repeat(32) }] } },
    "management.keys[1].name",
    'Key name "ops" appears twice; give every key its own',
  ],
  [
    "a key hash twice",
    { management: { keys: [key, { ...key, name: "dev" }] } },
    "management.keys[1].sha256",
    'Key "dev" has the hash of an earlier key; give every user another key',
  ],
  [
    "a key instead of its hash",
    { management: { keys: [{ ...key, sha256: "correct horse battery staple" }] } },
    "management.keys[0].sha256",
    "The secret value is not valid: write the SHA-256 of the key as 64 digits 0-9 and a-f in " +
    "lower case",
  ],
  [
    "no table at all",
    5,
    "",
    "Value 5 is not valid: write a table, for example [node] and keys below",
  ],
];

for (const [what, tree, path, message] of wrong) {
  Deno.test(`resolveConfig() refuses ${what}`, () => {
    const error = refused(tree);
    assert.equal(error.name, "CONFIG_INVALID");
    assert.equal(error.code, "E1001");
    assert.deepEqual(error.issues, [{ path, message }]);
    assert.equal(error.message, `The configuration has 1 problem: ${path || "text"}: ${message}`);
  });
}

Deno.test("resolveConfig() reports all problems at once", () => {
  const error = refused({
    nod: {},
    node: { id: "" },
    app: { port: -1, requestTimeout: "1x" },
    log: { level: "loud", formt: "json" },
  });
  assert.deepEqual(error.issues.map((issue) => issue.path).sort(), [
    "app.port",
    "app.requestTimeout",
    "log.formt",
    "log.level",
    "nod",
    "node.id",
  ]);
  assert.match(error.message, /^The configuration has 6 problems, the first: /);
});

Deno.test("resolveConfig() checks sound sections against each other beside faulty ones", () => {
  const error = refused({
    nod: {},
    log: { level: "loud" },
    management: { host: "0.0.0.0" },
    app: { port: 8090 },
  });
  assert.deepEqual(error.issues.map((issue) => issue.path).sort(), [
    "app.port",
    "log.level",
    "management.host",
    "nod",
  ]);
});

Deno.test("resolveConfig() draws no conclusions from faulty sections", () => {
  // Without its fault, management would have TLS, and cluster.port is unknown.
  const error = refused({
    cluster: { port: "x" },
    management: { host: "0.0.0.0", keys: [key], tls: { ...tls, x: 1 } },
    app: { port: 8090 },
  });
  const paths = error.issues.map((issue) => issue.path).sort();
  assert.deepEqual(paths, ["cluster.port", "management.tls.x"]);
});

Deno.test("resolveConfig() lets listeners share port 0, and a port on different addresses", () => {
  resolveConfig({ cluster: { port: 0 }, management: { port: 0 }, app: { port: 0 } });
  resolveConfig({ management: { host: "127.0.0.2", port: 8070 } });
  const error = refused({ app: { host: "0.0.0.0", port: 8080 } });
  assert.deepEqual(error.issues.map((issue) => issue.path), ["app.port"]);
});

Deno.test("resolveConfig() calls a mixture of problems CONFIG_INVALID", () => {
  const error = refused({ cluster: { host: "192.0.2.1" }, app: { port: 8080 } });
  assert.equal(error.name, "CONFIG_INVALID");
  assert.equal(error.issues.length, 2);
});

Deno.test("isLoopback() knows the addresses that only this machine reaches", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "localhost", "::1"]) assert.ok(isLoopback(host));
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "localhost.example"]) {
    assert.ok(!isLoopback(host), host);
  }
});

Deno.test("resolveConfig() answers any tree with a configuration or CONFIG_INVALID", () => {
  const section = fc.dictionary(
    fc.constantFrom("id", "host", "port", "peers", "keys", "tls", "max", "net", "__proto__", "x"),
    fc.anything({ maxDepth: 2 }),
  );
  const tree = fc.dictionary(
    fc.constantFrom("node", "cluster", "management", "app", "sandbox", "constructor", "x"),
    fc.oneof(section, fc.anything({ maxDepth: 1 })),
  );
  fc.assert(fc.property(tree, (value) => {
    try {
      assert.ok(Object.isFrozen(resolveConfig(value)));
    } catch (error) {
      assert.ok(error instanceof AetherError, String(error));
      assert.ok(error.name === "CONFIG_INVALID" || error.name === "INSECURE_LISTENER");
      assert.ok(error.issues.length > 0);
    }
  }));
});
