import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { goodSlice, withFolder } from "../../tests/fixtures/slices/temporary.ts";
import { parseSliceToml, readSliceToml } from "./slice_toml.ts";

const artifact = 'artifact = "org.example:echo:1.0.0"\n';

/** `path:line message` of every problem. */
function problems(text: string): string[] {
  try {
    parseSliceToml(text);
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    assert.equal(error.name, "SLICE_INVALID");
    assert.match(error.message, /^slice\.toml has /);
    return error.issues.map(({ path, line, message }) => `${path}:${line ?? ""} ${message}`);
  }
  return [];
}

Deno.test("parseSliceToml() fills in what is not written", () => {
  const toml = parseSliceToml(artifact);
  assert.deepEqual({ ...toml }, {
    artifact: "org.example:echo:1.0.0",
    entry: "mod.ts",
    permissions: {},
    limits: { heapMb: 128, concurrency: 256 },
    dependencies: {},
  });
});

Deno.test("parseSliceToml() reads every part", () => {
  const toml = parseSliceToml(`${artifact}entry = "src/main.ts"
[permissions]
net = ["api.example.com:443", "[::1]:80"]
env = ["TZ"]
[limits]
heapMb = 64
[dependencies]
"org.example:analytics" = "^1.0.0"
`);
  assert.equal(toml.entry, "src/main.ts");
  assert.deepEqual(toml.permissions.net, ["api.example.com:443", "[::1]:80"]);
  assert.deepEqual(toml.limits, { heapMb: 64, concurrency: 256 });
  assert.deepEqual({ ...toml.dependencies }, { "org.example:analytics": "^1.0.0" });
});

const wrong: readonly (readonly [what: string, text: string, ...expected: RegExp[]])[] = [
  ["an empty file", "", /^artifact: The key is missing: write artifact = "group:name:1\.0\.0"/],
  ["bad syntax", `${artifact}entry = \n`, /^\(syntax\):2 /],
  ["a key twice", artifact + artifact, /^\(syntax\):2 /],
  ["a wrong type", "artifact = 1\n", /^artifact:1 1 is not valid: .*expected string/],
  ["one part missing", 'artifact = "org.example:echo"\n', /^artifact:1 .*exactly three parts/],
  ["a bad version", 'artifact = "org.example:echo:1.0"\n', /^artifact:1 .*version "1\.0"/],
  ["a misspelled key", `${artifact}entri = "a.ts"\n`, /^entri:2 .*did you mean "entry"\?/],
  ["a key of nothing", `${artifact}zzzzzzzz = 1\n`, /^zzzzzzzz:2 .*valid here: artifact, entry, /],
  [
    "a misspelled permission",
    `${artifact}[permissions]\nnett = ["a:1"]\n`,
    /^permissions\.nett:3 Unknown key "nett"; did you mean "net"\?/,
  ],
  [
    "a permission that is true",
    `${artifact}[permissions]\nenv = true\n`,
    /^permissions\.env:3 true is not valid: .*expected array/,
  ],
  [
    "a URL as host",
    `${artifact}[permissions]\nnet = ["a.com", "https://b.com/x"]\n`,
    /^permissions\.net\[1\]:3 "https:\/\/b\.com\/x" is not valid: write host:port/,
  ],
  ["too small a heap", `${artifact}[limits]\nheapMb = 1\n`, /^limits\.heapMb:3 1 is not valid/],
  ["a misspelled limit", `${artifact}[limits]\nheapMB = 64\n`, /did you mean "heapMb"\?/],
  [
    "a bad range",
    `${artifact}[dependencies]\n"org.example:a" = "one"\n`,
    /^dependencies\."org\.example:a":3 "one" is not valid: Write a version range/,
  ],
  [
    "a bad dependency",
    `${artifact}[dependencies]\nanalytics = "^1.0.0"\n`,
    /^dependencies\.analytics:3 "analytics" is not valid: Write group:name/,
  ],
  [
    "a dependency on itself",
    `${artifact}[dependencies]\n"org.example:echo" = "^1.0.0"\n`,
    /cannot depend on itself/,
  ],
  ["an entry outside", `${artifact}entry = "../mod.ts"\n`, /^entry:2 "\.\.\/mod\.ts" is outside/],
  ["an absolute entry", `${artifact}entry = "/mod.ts"\n`, /^entry:2 "\/mod\.ts" is outside/],
  [
    "several mistakes",
    'artifact = "echo"\nentry = 2\n[permission]\n[limits]\nheapMb = "big"\n',
    /^artifact:1 "echo" is not an artifact/,
    /^entry:2 2 is not valid/,
    /^permission:3 Unknown key "permission"; did you mean "permissions"\?/,
    /^limits\.heapMb:5 "big" is not valid/,
  ],
];

for (const [what, text, ...expected] of wrong) {
  Deno.test(`parseSliceToml() refuses ${what}`, () => {
    const found = problems(text);
    assert.equal(found.length, expected.length, found.join("\n"));
    expected.forEach((pattern, index) => assert.match(found[index] ?? "", pattern));
  });
}

Deno.test("readSliceToml() reads a folder", async () => {
  await withFolder(goodSlice, async (dir) => {
    assert.equal((await readSliceToml(dir)).artifact, "org.example:good:1.0.0");
  });
});

Deno.test("readSliceToml() names a missing slice.toml", async () => {
  await withFolder({ "mod.ts": "" }, async (dir) => {
    await assert.rejects(readSliceToml(dir), {
      name: "FILE_UNREADABLE",
      message: /slice\.toml" does not exist/,
    });
  });
});

Deno.test("readSliceToml() names a missing entry and the nearest file", async () => {
  const files = { "slice.toml": `${artifact}entry = "main.ts"\n`, "maim.ts": "" };
  await withFolder(files, async (dir) => {
    await assert.rejects(readSliceToml(dir), {
      name: "SLICE_INVALID",
      message: /The entry "main\.ts" does not exist in .*: did you mean "maim\.ts"\?/,
    });
  });
});

Deno.test("readSliceToml() refuses symbolic links", async () => {
  await withFolder({ ...goodSlice, "extra.ts": { link: "/etc/hostname" } }, async (dir) => {
    await assert.rejects(readSliceToml(dir), { name: "SLICE_INVALID", message: /^extra\.ts: / });
  });
});
