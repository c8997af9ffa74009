import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { resolveConfig } from "./config.ts";
import { readConfig } from "./read.ts";

const key = { name: "ops", role: "admin", sha256: "ab".repeat(32) };
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

Deno.test("resolveConfig() opens management to others only with keys and TLS, or insecure", () => {
  const host = "0.0.0.0";
  const error = refused({ management: { host } });
  assert.equal(error.name, "INSECURE_LISTENER");
  assert.equal(error.code, "E1007");
  assert.deepEqual(error.issues, [{
    path: "management.host",
    message: 'Address "0.0.0.0" can be reached by others; add [[management.keys]] and ' +
      "[management.tls], use 127.0.0.1, or set management.insecure = true",
  }]);
  assert.match(refused({ management: { host, tls } }).message, /add \[\[management.keys\]\], use/);
  assert.match(refused({ management: { host, keys: [key] } }).message, /add \[management.tls\], /);
  assert.equal(resolveConfig({ management: { host, keys: [key], tls } }).management.host, host);
  assert.equal(resolveConfig({ management: { host, insecure: true } }).management.host, host);
});

Deno.test("resolveConfig() lets nodes talk to other machines only with [tls], or insecure", () => {
  const files = { ca: "ca.crt", certificate: "n.crt", key: "n.key" };
  for (const cluster of [{ host: "192.0.2.1" }, { peers: ["n2:192.0.2.1:8090"] }]) {
    const error = refused({ cluster });
    assert.equal(error.name, "INSECURE_LISTENER");
    assert.match(error.message, /add \[tls\] .*`aether tls init`.* set cluster.insecure = true/);
    assert.ok(resolveConfig({ cluster: { ...cluster, insecure: true } }).cluster.insecure);
    assert.deepEqual(resolveConfig({ cluster, tls: files }).tls, files);
  }
});

Deno.test("readConfig() uses what a node got when it joined, unless told otherwise", async () => {
  const inputs = {
    env: { DATA_DIR: "/data" },
    flags: {},
    secretsIn: () => assert.fail("There are no secrets"),
    joinedIn: (dataDir: string) =>
      Promise.resolve({
        tls: { ca: `${dataDir}/ca`, certificate: `${dataDir}/c`, key: `${dataDir}/k` },
        peers: ["n1:192.0.2.1:8090"],
      }),
  };
  const { config, sources } = await readConfig(inputs);
  assert.deepEqual(config.tls, { ca: "/data/ca", certificate: "/data/c", key: "/data/k" });
  assert.deepEqual(config.cluster.peers, [{ id: "n1", host: "192.0.2.1", port: 8090 }]);
  assert.equal(sources.get("tls.ca"), "joined /data");
  const file = { name: "a.toml", text: '[tls]\nca="x"\ncertificate="y"\nkey="z"\n' };
  const own = await readConfig({ ...inputs, file });
  assert.deepEqual(own.config.tls, { ca: "x", certificate: "y", key: "z" });
  assert.deepEqual(own.config.cluster.peers, []);
});
