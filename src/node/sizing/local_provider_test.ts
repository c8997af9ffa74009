import assert from "node:assert/strict";
import { checkConfig, resolveConfig } from "../../protocol/config/config.ts";
import { noOrigins } from "../../protocol/config/problems.ts";
import { formatToml, parseToml } from "../../protocol/toml.ts";
import { createLogger } from "../../sdk/logger.ts";
import { childTree, LocalProvider } from "./local_provider.ts";

const child = { node: "auto-1", address: "127.0.0.1:4001", peers: ["n1:127.0.0.1:8090"] };

Deno.test("childTree() is the parent's configuration at other ports, also as a file", () => {
  const parent = resolveConfig({
    node: { id: "n1", dataDir: "/data/n1" },
    cluster: { size: 3, provider: "local", peers: ["n2:127.0.0.1:9000"] },
    app: { requestTimeout: "7s", maxBodyBytes: "3MiB" },
  });
  const tree =
    parseToml(formatToml(childTree(parent, { ...child, dataDir: "/data/auto-1" }))).value;
  const { config } = checkConfig(tree, noOrigins);
  assert.deepEqual(config?.node, { id: "auto-1", dataDir: "/data/auto-1" });
  assert.equal(config?.cluster.port, 4001);
  assert.deepEqual(config?.cluster.peers, [{ id: "n1", host: "127.0.0.1", port: 8090 }]);
  const { cluster, management, app } = config ?? assert.fail();
  assert.deepEqual([app.port, management.port, cluster.gatewayPort, cluster.storagePort], [
    0,
    0,
    0,
    0,
  ]);
  assert.deepEqual([config?.app.requestTimeoutMs, config?.app.maxBodyBytes], [7_000, 3 * 2 ** 20]);
  assert.equal(config?.cluster.provider, "local");
});

Deno.test("childTree() of a node with TLS has no certificate and starts no nodes itself", () => {
  const parent = resolveConfig({
    node: { id: "n1", dataDir: "/data/n1" },
    cluster: { provider: "local" },
    tls: { ca: "ca.crt", certificate: "n1.crt", key: "n1.key", issuerKey: "ca.key" },
  });
  const tree = childTree(parent, { ...child, dataDir: "/data/auto-1" });
  assert.equal(tree.tls, undefined);
  assert.equal((tree.cluster as { provider: string }).provider, "none");
});

Deno.test("LocalProvider places nodes at free ports of its own address", async () => {
  const provider = new LocalProvider(() => resolveConfig({}), createLogger(() => {}));
  const [one, two] = [await provider.place("auto-1"), await provider.place("auto-2")];
  assert.match(one, /^127\.0\.0\.1:\d+$/);
  assert.notEqual(one, two);
  await provider.stop("auto-3");
});

Deno.test("A local provider with TLS needs what new nodes get their certificates with", () => {
  const tls = { ca: "ca.crt", certificate: "n1.crt", key: "n1.key" };
  assert.throws(() => resolveConfig({ cluster: { provider: "local" }, tls }), (error) => {
    return JSON.stringify(error).includes("cluster.provider") ||
      String(error).includes("cluster.provider");
  });
});
