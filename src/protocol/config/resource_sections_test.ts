import assert from "node:assert/strict";
import { describeConfig } from "./describe.ts";
import { effectiveKeys, withOverrides } from "./overlay.ts";
import { readConfig } from "./read.ts";
import { configValuePath, resourceLeaves } from "./keys.ts";

const text = `
[resources.payments]
type = "http"
baseUrl = "https://payments.example.com"
connectTimeout = "2s"
apiKey = "abc"
hosts = ["a", "\${env:DB_PASSWORD}"]
note = "\${env:DB_PASSWORD}"
[resources.payments.headers]
authorization = "Bearer abc"
[resources.limits]
type = "config"
[resources.limits.values]
perUser = 10
isOpen = true
hosts = ["a"]
name = "x"
`;

function loaded() {
  return readConfig({
    file: { name: "a.toml", text },
    env: { DB_PASSWORD: "hunter2" },
    flags: {},
    secretsIn: () => assert.fail("No directory"),
  });
}

Deno.test("resourceLeaves() names every value of the sections", () => {
  assert.deepEqual(resourceLeaves({}), []);
  const leaves = resourceLeaves({ a: { type: "x", "b c": { d: [1] } } });
  assert.deepEqual(leaves.map(({ text, value }) => [text, value]), [
    ["resources.a.type", "x"],
    ['resources.a."b c".d', [1]],
  ]);
});

Deno.test("describeConfig() shows sections with their lines, and no secret of them", async () => {
  const rows = describeConfig(await loaded()).filter(({ path }) => path.startsWith("resources"));
  assert.deepEqual(rows.slice(0, 7).map(({ path, value, source }) => [path, value, source]), [
    ["resources.payments.type", '"http"', "file a.toml:3"],
    ["resources.payments.baseUrl", '"https://payments.example.com"', "file a.toml:4"],
    ["resources.payments.connectTimeout", '"2s"', "file a.toml:5"],
    ["resources.payments.apiKey", '"***"', "file a.toml:6"],
    ["resources.payments.hosts", '"***"', "file a.toml:7"],
    ["resources.payments.note", '"***"', "file a.toml:8"],
    ["resources.payments.headers.authorization", '"***"', "file a.toml:10"],
  ]);
  assert.doesNotMatch(JSON.stringify(rows), /hunter2|abc/);
});

Deno.test("withOverrides() overrides values of config sections, as the file has their kind", async () => {
  const base = await loaded();
  const at = (name: string) => `resources.limits.values.${name}`;
  const { known, issues } = withOverrides(base, [
    { key: at("perUser"), value: "20", node: undefined },
    { key: at("isOpen"), value: "false", node: undefined },
    { key: at("hosts"), value: "b, c", node: undefined },
    { key: at("name"), value: "30", node: undefined },
    { key: at("fresh"), value: 5, node: undefined },
  ], "node-1");
  assert.deepEqual(issues, []);
  assert.deepEqual(known.config.resources["limits"]?.["values"], {
    perUser: 20,
    isOpen: false,
    hosts: ["b", "c"],
    name: "30",
    fresh: 5,
  });
  assert.deepEqual(known.config.resources["payments"], base.config.resources["payments"]);
  const row = effectiveKeys(base, known).find(({ key }) => key === at("perUser"));
  assert.deepEqual(row, {
    key: at("perUser"),
    value: "20",
    source: "override cluster",
    effect: "live",
    base: { value: "10", source: "file a.toml:14" },
  });
});

Deno.test("withOverrides() refuses values of other sections, and other keys of sections", async () => {
  const base = await loaded();
  for (
    const [key, message] of [
      ["resources.none.values.a", /no section \[resources\.none\]/],
      ["resources.payments.values.a", /no section \[resources\.payments\] with type = "config"/],
      ["resources.payments.baseUrl", /Unknown key/],
    ] as const
  ) {
    const { issues } = withOverrides(base, [{ key, value: "x", node: undefined }], "node-1");
    assert.match(issues[0]?.message ?? "", message);
  }
  assert.equal(configValuePath("resources.a.values.b.c"), undefined);
});
