import assert from "node:assert/strict";
import { type Ceiling, checkCeiling, requireCeiling } from "./ceiling.ts";
import { makeManifest } from "./manifest_fixture_test.ts";

const closed: Ceiling = {
  net: [],
  read: [],
  write: [],
  env: [],
  sys: [],
  run: false,
  ffi: false,
};

function refused(kind: "net" | "read" | "env", entries: string[], ceiling: Partial<Ceiling>) {
  const manifest = makeManifest("org.shop:a:1.0.0", { permissions: { [kind]: entries } });
  const messages = checkCeiling(manifest, { ...closed, ...ceiling }).map((each) => each.message);
  return entries.filter((entry) => messages.some((text) => text.includes(`"${entry}"`)));
}

Deno.test("checkCeiling() refuses everything under a closed ceiling, with the fix", () => {
  const permissions = {
    net: ["api.example.com:443"],
    read: ["/data"],
    write: ["/data"],
    env: ["TZ", "AETHER_TOKEN"],
    sys: ["hostname"],
    run: ["git"],
    ffi: ["/lib/x.so"],
  };
  const issues = checkCeiling(makeManifest("org.shop:a:1.0.0", { permissions }), closed);
  assert.deepEqual(issues.map((each) => each.path), [
    "permissions.net",
    "permissions.read",
    "permissions.write",
    "permissions.env",
    "permissions.env",
    "permissions.sys",
    "permissions.run",
    "permissions.ffi",
  ]);
  assert.equal(
    issues[0]?.message,
    'org.shop:a:1.0.0 asks for net "api.example.com:443", which the operator does not allow: ' +
      "remove it from net under [permissions] in slice.toml, or add it to net under [sandbox.max]",
  );
  assert.equal(
    issues[6]?.message,
    'org.shop:a:1.0.0 asks for run "git", which the operator does not allow: remove it from run ' +
      "under [permissions] in slice.toml, or set run = true under [sandbox.max]",
  );
});

Deno.test("checkCeiling() allows what the ceiling lists", () => {
  const permissions = {
    net: ["API.example.com:443", "10.1.2.3:5432", "db.example.com:5432"],
    read: ["/data/shop/a.txt"],
    write: ["/tmp/x"],
    env: ["TZ"],
    sys: ["hostname"],
    run: ["git"],
    ffi: ["/lib/x.so"],
  };
  const ceiling: Ceiling = {
    net: ["api.example.com:443", "10.1.2.3", "db.example.com"],
    read: ["/data/"],
    write: ["/tmp/x"],
    env: ["TZ"],
    sys: ["hostname"],
    run: true,
    ffi: true,
  };
  assert.deepEqual(checkCeiling(makeManifest("org.shop:a:1.0.0", { permissions }), ceiling), []);
});

Deno.test("checkCeiling() lets * stand for named hosts only", () => {
  const entries = [
    "api.example.com",
    "api.example.com:1",
    "10.0.0.1:80",
    "8.8.8.8",
    "[2001:db8::1]",
  ];
  assert.deepEqual(refused("net", entries, { net: ["*"] }), entries.slice(2));
});

Deno.test("checkCeiling() never allows the node itself, link-local addresses and patterns", () => {
  const entries = [
    "localhost:80",
    "LOCALHOST.",
    "x.localhost",
    "127.0.0.1:80",
    "127.1",
    "2130706433:80",
    "0x7f.1",
    "0.0.0.0",
    "169.254.169.254:80",
    "[::1]:80",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]:80",
    "[::ffff:a9fe:a9fe]",
    "[fe80::1]",
    "metadata.google.internal",
    "*",
    "*:443",
    "*.example.com",
    "10.0.0.0/8",
    "a@b",
    "a b",
    ":80",
  ];
  assert.deepEqual(refused("net", entries, { net: ["*", ...entries] }), entries);
});

Deno.test("checkCeiling() never allows addresses of the cluster", () => {
  const ceiling = { net: ["*", "10.0.0.7"], clusterHosts: ["10.0.0.7:8090", "node-1.example.com"] };
  const entries = ["10.0.0.7:8080", "Node-1.example.com", "node-2.example.com"];
  assert.deepEqual(refused("net", entries, ceiling), entries.slice(0, 2));
});

Deno.test("checkCeiling() refuses another port than the listed one", () => {
  const entries = ["a.example.com:443", "a.example.com:80", "a.example.com"];
  assert.deepEqual(refused("net", entries, { net: ["a.example.com:443"] }), entries.slice(1));
});

Deno.test("checkCeiling() refuses paths that leave the listed folder", () => {
  const entries = ["/data", "/data/x", "/data/../etc", "/database", "data", "/", "/data/./x"];
  assert.deepEqual(refused("read", entries, { read: ["/data"] }), entries.slice(2));
  assert.deepEqual(refused("read", ["/anything"], { read: ["/"] }), []);
});

Deno.test("checkCeiling() never allows variables of the node", () => {
  const entries = ["AETHER_TOKEN", "aether_x"];
  assert.deepEqual(refused("env", entries, { env: entries }), entries);
});

Deno.test("requireCeiling() throws with the problems of all manifests", () => {
  const permissions = { env: ["TZ"] };
  const manifests = ["org.shop:a:1.0.0", "org.shop:b:1.0.0"]
    .map((artifact) => makeManifest(artifact, { permissions }));
  requireCeiling(manifests, { ...closed, env: ["TZ"] });
  assert.throws(() => requireCeiling(manifests, closed), {
    name: "PERMISSION_REFUSED",
    message: /^org\.shop:a:1\.0\.0 asks for env "TZ", .* \(and 1 more\)$/,
  });
});

Deno.test("checkCeiling() bounds the heap", () => {
  const manifest = makeManifest("org.shop:a:1.0.0");
  assert.deepEqual(checkCeiling(manifest, { ...closed, heapMb: 128 }), []);
  const [issue] = checkCeiling(manifest, { ...closed, heapMb: 64 });
  assert.equal(issue?.path, "limits.heapMb");
  assert.match(
    issue?.message ?? "",
    /heapMb = 128, but the operator allows 64: lower heapMb under/,
  );
});
