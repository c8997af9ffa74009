import assert from "node:assert/strict";
import { configKeys } from "./keys.ts";
import { setAt, type Tree } from "./paths.ts";
import { configSchema } from "./schema.ts";

/** Whether the schema accepts a value at a path, everything else being default. */
function accepts(path: string, value: unknown): boolean {
  const tree: Tree = {};
  setAt(tree, path.split("."), value);
  return configSchema.safeParse(tree).success;
}

Deno.test("configSchema gives the same for written-out defaults as for an empty file", () => {
  const tree: Tree = {};
  for (const { path, defaultValue } of configKeys) {
    if (defaultValue !== undefined) setAt(tree, path.split("."), defaultValue);
  }
  assert.deepEqual(configSchema.parse(tree), configSchema.parse({}));
});

/** Values that are valid, and values that are not, by path. */
const samples: Record<string, { good: unknown[]; bad: unknown[] }> = {
  "node.id": {
    good: ["a", "0", "node-1", "a".repeat(63)],
    bad: ["", "-a", "A", "a_b", "a.b", "a".repeat(64), "a\n", 1],
  },
  "cluster.host": {
    good: ["127.0.0.1", "localhost", "::1", "fe80::1", "a.b-c.example", "0.0.0.0"],
    bad: ["", " a", "a:80", "[::1]", "http://a", "a/b", "-a", "a."],
  },
  "cluster.port": { good: [0, 65_535], bad: [-1, 65_536, 1.5, "80", null] },
  "cluster.peers": {
    good: [[], ["a:h:1"], ["a:[::1]:65535", "b:1.2.3.4:80"]],
    bad: ["a:h:1", ["a:h"], ["a:h:65536"], ["A:h:1"], ["a::1:1"], ["a:h:1 "], [1]],
  },
  "management.hosts": { good: [["a.example"]], bad: [["a.example:80"], "a.example"] },
  "sandbox.max.net": {
    good: [["*"], ["a.example:443", "a.example", "1.2.3.4:1", "[::1]:1"]],
    bad: [["*.example"], ["a:b"], ["a b"], ["http://a"], [""]],
  },
  "sandbox.max.env": { good: [["TZ", "_A1"]], bad: [["AETHER_X"], ["1A"], ["A-B"], [""]] },
  "sandbox.max.sys": { good: [["hostname", "osRelease"]], bad: [["host name"], [""]] },
  "sandbox.heapMb": { good: [16, 65_536], bad: [15, 65_537, "256MiB"] },
  "log.level": { good: ["trace", "off"], bad: ["INFO", "fatal"] },
  "node.dataDir": { good: ["data", "/var/lib/aether"], bad: ["", 1] },
};

for (const [path, { good, bad }] of Object.entries(samples)) {
  Deno.test(`configSchema knows good from bad values of ${path}`, () => {
    for (const value of good) assert.ok(accepts(path, value), JSON.stringify(value));
    for (const value of bad) assert.ok(!accepts(path, value), JSON.stringify(value));
  });
}

Deno.test("configSchema checks names, roles and hashes of management keys", () => {
  const key = { name: "ops", role: "viewer", sha256: "0".repeat(64) };
  assert.ok(accepts("management.keys", [key]));
  for (
    const wrong of [
      { name: "" },
      { name: "a b" },
      { role: "root" },
      { sha256: "0".repeat(63) },
      { sha256: "A".repeat(64) },
      { extra: 1 },
    ]
  ) {
    assert.ok(!accepts("management.keys", [{ ...key, ...wrong }]), JSON.stringify(wrong));
  }
});
