import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../../base/errors.ts";
import { checkManifest } from "./manifest.ts";

const method = { input: {}, output: {}, idempotent: true, timeoutMs: 1000, headers: [] };
const definition = { contract: "org.example:echo", methods: {}, errors: {}, calls: [] };
const valid = {
  envelope: 1,
  artifact: "org.example:echo:1.0.0",
  sha256: "0".repeat(64),
  builtWith: "0.1.0",
  definition: { ...definition, resources: [] },
};

function refusal(json: unknown): AetherError {
  try {
    checkManifest(json);
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    return error;
  }
  throw new Error("The manifest was taken");
}

/** The manifest with other fields in its definition. */
function defined(changes: Record<string, unknown>): unknown {
  return { ...valid, definition: { ...valid.definition, ...changes } };
}

Deno.test("checkManifest() fills in the defaults: nothing is granted", () => {
  const { manifest, warnings } = checkManifest(valid);
  assert.deepEqual(warnings, []);
  assert.deepEqual(manifest, {
    ...valid,
    entry: "slice.js",
    dependencies: {},
    permissions: {},
    limits: { heapMb: 128, concurrency: 256 },
  });
});

Deno.test("checkManifest() reads the envelope versions it supports, and development builds", () => {
  assert.equal(checkManifest({ ...valid, envelope: "dev" }).manifest.envelope, "dev");
  const { envelope: _, ...without } = valid;
  const { warnings } = checkManifest(without);
  assert.match(warnings.join(), /no envelope version; it is read as version 1/);
  for (const envelope of [0, 2, -1, 1.5, "1", "latest", null, {}, true]) {
    const error = refusal({ ...valid, envelope });
    assert.equal(error.name, "ENVELOPE_UNSUPPORTED", JSON.stringify(envelope));
    assert.match(error.message, /reads 1 to 1/);
  }
});

Deno.test("checkManifest() lists every problem with its place", () => {
  const error = refusal({
    ...valid,
    artifact: "echo",
    sha256: "00",
    permissions: { net: ["a:1"], everything: true },
    limits: { heapMb: 1 },
    dependencies: { "org.example:a": "soon", nonsense: "^1.0.0" },
  });
  assert.equal(error.name, "ARTIFACT_INVALID");
  const paths = error.issues.map(({ path }) => path);
  for (
    const path of [
      "artifact",
      "sha256",
      "permissions",
      "limits.heapMb",
      "dependencies.org.example:a",
      "dependencies.nonsense",
    ]
  ) assert.ok(paths.includes(path), `${path} is not among ${paths.join(", ")}`);
});

Deno.test("checkManifest() bounds what a definition may hold", () => {
  const methods = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, method]));
  checkManifest(defined({ methods: methods(200) }));
  assert.match(
    refusal(defined({ methods: methods(201) })).issues[0]?.message ?? "",
    /at most 200 methods/,
  );
  refusal(defined({ calls: Array(101).fill("org.example:a") }));
  refusal(defined({ resources: Array(101).fill({ name: "a", type: "kv", options: {} }) }));
  refusal(defined({ methods: { m: { ...method, headers: Array(33).fill("a") } } }));
  const route = (http: unknown) => defined({ methods: { m: { ...method, http } } });
  checkManifest(route({ method: "GET", path: "/a", status: 200 }));
  refusal(route({ method: "GET", path: "a", status: 200 }));
  refusal(route({ method: "TRACE", path: "/a", status: 200 }));
  refusal(route({ method: "GET", path: "/a", status: 199 }));
});

Deno.test("checkManifest() answers any JSON with a manifest or AetherError", () => {
  const anyPart = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(valid)));
  const anyManifest = fc.oneof(
    fc.jsonValue(),
    fc.record(
      Object.fromEntries([...Object.keys(valid), "permissions"].map((name) => [name, anyPart])),
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(anyManifest, (json) => {
      try {
        checkManifest(json);
      } catch (error) {
        assert.ok(error instanceof AetherError, String(error));
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("checkManifest() takes no permission from a prototype", () => {
  const permissions: unknown = JSON.parse('{"__proto__":{"net":["evil.example:1"]}}');
  const error = refusal({ ...valid, permissions });
  assert.match(error.issues[0]?.message ?? "", /__proto__/);
});
