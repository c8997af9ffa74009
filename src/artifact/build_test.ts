import assert from "node:assert/strict";
import type { SliceDescription } from "../protocol/slice/manifest.ts";
import { AetherError } from "../base/errors.ts";
import {
  below,
  describeHere,
  type Files,
  goodSlice,
  withFolder,
} from "../../tests/fixtures/slices/temporary.ts";
import { buildSlice, compare, type SliceBuildOptions } from "./build.ts";
import { openSlice } from "./package.ts";
import { parseSliceToml } from "./slice_toml.ts";

const unchecked: SliceBuildOptions = { describe: describeHere, builtWith: "0.1.0", check: false };

/** A slice that calls the good one. */
const caller: Files = {
  "slice.toml": `artifact = "org.example:caller:2.0.0"
[permissions]
net = ["api.example.com:443"]
[limits]
heapMb = 64
[dependencies]
"org.example:good" = "^1.0.0"
`,
  "README.md": "# Caller\n",
  "mod.ts": `import { contract, kv, method, slice, z } from "aether";
import { good } from "../good/contract.ts";
const caller = contract("org.example:caller", {
  call: method({ input: z.object({}), output: z.object({ text: z.string() }) }),
});
export default slice(caller, {
  needs: { good, memory: kv() },
  create: ({ good }) => ({
    call: async () => ({ text: (await good.greet({ name: "you" })).greeting }),
  }),
});
`,
};
const workspace: Files = { ...below("good", goodSlice), ...below("caller", caller) };

Deno.test("buildSlice() makes an artifact of slice.toml and the module", async () => {
  await withFolder(workspace, async (dir) => {
    const built = await buildSlice(`${dir}/caller`, {
      ...unchecked,
      check: true,
      denoPath: Deno.execPath(),
    });
    assert.equal(built.fileName, "caller-2.0.0.slice");
    assert.deepEqual([built.warnings, built.notices], [[], []]);
    const { manifest } = openSlice(built.bytes);
    assert.deepEqual(manifest, built.manifest);
    assert.equal(manifest.envelope, 1);
    assert.equal(manifest.artifact, "org.example:caller:2.0.0");
    assert.equal(manifest.builtWith, "0.1.0");
    assert.deepEqual(manifest.definition.calls, ["org.example:good"]);
    assert.deepEqual(manifest.definition.resources, [{ name: "memory", type: "kv", options: {} }]);
    assert.deepEqual({ ...manifest.dependencies }, { "org.example:good": "^1.0.0" });
    assert.deepEqual(manifest.permissions, { net: ["api.example.com:443"] });
    assert.deepEqual(manifest.limits, { heapMb: 64, concurrency: 256 });
  });
});

Deno.test("buildSlice() gives the same bytes again, and another version when asked", async () => {
  await withFolder(workspace, async (dir) => {
    const first = await buildSlice(`${dir}/good`, unchecked);
    assert.deepEqual(first.bytes, (await buildSlice(`${dir}/good`, unchecked)).bytes);
    assert.deepEqual(first.notices, ["Types were not checked, as asked for"]);
    const dev = await buildSlice(`${dir}/good`, { ...unchecked, version: "1.0.0-dev.habc" });
    assert.equal(dev.manifest.artifact, "org.example:good:1.0.0-dev.habc");
    assert.equal(dev.fileName, "good-1.0.0-dev.habc.slice");
    await assert.rejects(buildSlice(`${dir}/good`, { ...unchecked, version: "1" }), {
      name: "COORDINATES_INVALID",
    });
  });
});

Deno.test("buildSlice() refuses a slice with type errors", async () => {
  const files = { ...goodSlice, "mod.ts": `${goodSlice["mod.ts"]}const n: number = "x";\nn;\n` };
  await withFolder(files, async (dir) => {
    await assert.rejects(
      buildSlice(dir, { ...unchecked, check: true, denoPath: Deno.execPath() }),
      { name: "SLICE_BUILD_FAILED", message: /^The slice has 1 problem: mod\.ts:6: TS2322/ },
    );
  });
});

Deno.test("buildSlice() gives a notice where types cannot be checked", async () => {
  await withFolder(goodSlice, async (dir) => {
    const built = await buildSlice(dir, { ...unchecked, check: true });
    assert.match(built.notices[0] ?? "", /no type checker/);
  });
});

Deno.test("buildSlice() passes on what the description says", async () => {
  const describe = () => Promise.reject(new AetherError("SLICE_INVALID", "No default export"));
  await withFolder(goodSlice, async (dir) => {
    await assert.rejects(buildSlice(dir, { ...unchecked, describe }), { name: "SLICE_INVALID" });
  });
});

Deno.test("buildSlice() refuses a dependency that slice.toml does not declare", async () => {
  const files = { ...workspace, "caller/slice.toml": 'artifact = "org.example:caller:2.0.0"\n' };
  await withFolder(files, async (dir) => {
    await assert.rejects(buildSlice(`${dir}/caller`, unchecked), {
      name: "SLICE_INVALID",
      message: /add "org\.example:good" = "\^1\.0\.0" under \[dependencies\]/,
    });
  });
});

const toml = parseSliceToml(`artifact = "org.example:one:1.0.0"
[dependencies]
"org.example:two" = "^1.0.0"
`);

function method(path: string, fields?: readonly string[]): SliceDescription["methods"][string] {
  const properties = Object.fromEntries((fields ?? []).map((field) => [field, {}]));
  return {
    input: fields === undefined ? {} : { type: "object", properties },
    output: {},
    http: { method: "GET", path, status: 200 },
    idempotent: true,
    timeoutMs: 1000,
    headers: [],
  };
}

const fitting: SliceDescription = {
  contract: "org.example:one",
  methods: { a: method("/a/:id", ["id"]), b: method("/b/:id") },
  errors: {},
  calls: ["org.example:two"],
  resources: [{ name: "data", type: "kv", options: {} }],
};

Deno.test("compare() accepts a definition that fits slice.toml", () => {
  assert.deepEqual(compare(toml, fitting), { issues: [], warnings: [] });
});

const unfitting: readonly (readonly [what: string, Partial<SliceDescription>, RegExp])[] = [
  ["another name", { contract: "org.example:two" }, /contract is named "org\.example:two" but/],
  ["an undeclared call", { calls: ["org.example:two", "a.b:c"] }, /needs a\.b:c: add "a\.b:c" =/],
  [
    "a call of itself",
    { calls: ["org.example:one", "org.example:two"] },
    /needs its own contract org\.example:one/,
  ],
  [
    "an unknown resource",
    { resources: [{ name: "db", type: "sql", options: {} }] },
    /"db" is a resource of type "sql"; this version of aether has: blob, cache, config, http/,
  ],
  [
    "a route twice",
    { methods: { a: method("/a/:id"), b: method("/a/:name") } },
    /"GET \/a\/:name" is also the route of a/,
  ],
  [
    "a parameter without a field",
    { methods: { a: method("/a/:id/:part", ["id"]) } },
    /has the parameter "part", which is not a field of the input/,
  ],
];

for (const [what, change, expected] of unfitting) {
  Deno.test(`compare() refuses ${what}`, () => {
    const { issues } = compare(toml, { ...fitting, ...change });
    assert.deepEqual(issues.length, 1);
    assert.match(issues[0]?.message ?? "", expected);
  });
}

Deno.test("compare() warns about unused dependencies and empty contracts", () => {
  const { issues, warnings } = compare(toml, { ...fitting, calls: [], methods: {} });
  assert.deepEqual(issues, []);
  assert.match(
    warnings[0] ?? "",
    /declares the dependency org\.example:two, but the slice does not/,
  );
  assert.match(warnings[1] ?? "", /has no methods/);
});
