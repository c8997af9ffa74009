import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../base/errors.ts";
import { InvariantError } from "../base/assert.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";
import { limits } from "../protocol/limits.ts";
import { describeHere } from "../../tests/fixtures/slices/temporary.ts";
import { openSlice, packSlice, sha256 } from "./package.ts";
import { writeZip } from "./zip.ts";

const encoder = new TextEncoder();
const module = encoder.encode("export default 1;\n");
const manifest: Manifest = {
  envelope: 1,
  artifact: "org.example:echo:1.0.0",
  entry: "slice.js",
  sha256: sha256(module),
  builtWith: "0.1.0",
  definition: { contract: "org.example:echo", methods: {}, errors: {}, calls: [], resources: [] },
  dependencies: {},
  permissions: {},
  limits: { heapMb: 128, concurrency: 256 },
};

/** An artifact whose manifest has other fields; undefined removes one. */
function withManifest(changes: Record<string, unknown>): Uint8Array {
  const text = JSON.stringify({ ...manifest, ...changes });
  return writeZip({ "manifest.json": encoder.encode(text), "slice.js": module });
}

function refusal(bytes: Uint8Array, name: string, message: RegExp): void {
  assert.throws(() => openSlice(bytes), (error) => {
    assert.ok(error instanceof AetherError);
    assert.equal(error.name, name);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("openSlice() gives back what packSlice() packed", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2000 }),
      fc.option(fc.uint8Array({ maxLength: 500 }), { nil: undefined }),
      fc.option(fc.string({ maxLength: 100 }), { nil: undefined }),
      fc.integer({ min: 16, max: 4096 }),
      (code, sourceMap, readme, heapMb) => {
        const packed = {
          ...manifest,
          sha256: sha256(code),
          limits: { heapMb, concurrency: 1 },
        };
        const bytes = packSlice({
          manifest: packed,
          module: code,
          ...(sourceMap === undefined ? {} : { sourceMap }),
          ...(readme === undefined ? {} : { readme }),
        });
        const opened = openSlice(bytes);
        assert.deepEqual(opened.manifest, packed);
        assert.deepEqual(opened.module, new Uint8Array(code));
        assert.deepEqual(opened.warnings, []);
      },
    ),
    { seed: 1 },
  );
});

Deno.test("packSlice() gives the same bytes for the same slice", () => {
  assert.deepEqual(packSlice({ manifest, module }), packSlice({ manifest, module }));
});

Deno.test("packSlice() refuses a manifest of another module", () => {
  assert.throws(() => packSlice({ manifest, module: new Uint8Array(1) }), InvariantError);
});

Deno.test("packSlice() names the limit that a module exceeds", () => {
  const large = new Uint8Array(limits.bundleBytes + 1);
  assert.throws(
    () => packSlice({ manifest: { ...manifest, sha256: sha256(large) }, module: large }),
    { name: "ARTIFACT_TOO_LARGE", message: /module has 16777217 bytes; the limit is 16777216/ },
  );
});

Deno.test("openSlice() keeps loading the fixture of every envelope version", async () => {
  const folder = new URL("../../tests/fixtures/artifacts/", import.meta.url);
  const opened = openSlice(await Deno.readFile(new URL("envelope-1.zip", folder)));
  assert.equal(opened.manifest.envelope, 1);
  assert.equal(opened.manifest.artifact, "org.example:echo:1.0.0");
  assert.deepEqual(opened.warnings, []);
  // The module still finds its SDK and says what its manifest says.
  const described = await describeHere(opened.module);
  assert.deepEqual(Object.keys(described.methods), Object.keys(opened.manifest.definition.methods));
  assert.deepEqual(described.resources, opened.manifest.definition.resources);
});

Deno.test("openSlice() names the supported range for another envelope", () => {
  refusal(withManifest({ envelope: 99 }), "ENVELOPE_UNSUPPORTED", /version 99 .* reads 1 to 1/);
  refusal(withManifest({ envelope: 0 }), "ENVELOPE_UNSUPPORTED", /version 0 /);
  refusal(withManifest({ envelope: "x", sha256: 1 }), "ENVELOPE_UNSUPPORTED", /version "x" /);
});

Deno.test("openSlice() warns about a missing envelope and takes dev", () => {
  const [warning] = openSlice(withManifest({ envelope: undefined })).warnings;
  assert.match(warning ?? "", /no envelope version/);
  const dev = openSlice(withManifest({ envelope: "dev" }));
  assert.equal(dev.manifest.envelope, "dev");
  assert.deepEqual(dev.warnings, []);
});

Deno.test("openSlice() refuses a module that is not the manifest's", () => {
  refusal(withManifest({ sha256: "0".repeat(64) }), "ARTIFACT_INVALID", /the manifest says 0000/);
});

Deno.test("openSlice() refuses missing files and manifests that are not valid", () => {
  refusal(writeZip({ "slice.js": module }), "ARTIFACT_INVALID", /no file "manifest\.json"/);
  refusal(withManifest({ entry: "other.js" }), "ARTIFACT_INVALID", /no file "other\.js"/);
  refusal(withManifest({ artifact: "echo" }), "ARTIFACT_INVALID", /manifest is not valid/);
  const text = writeZip({ "manifest.json": encoder.encode("{"), "slice.js": module });
  refusal(text, "ARTIFACT_INVALID", /manifest is not JSON/);
  const bytes = writeZip({ "manifest.json": Uint8Array.of(0xff), "slice.js": module });
  refusal(bytes, "ARTIFACT_INVALID", /manifest is not JSON/);
});

Deno.test("openSlice() checks sizes of files before it unpacks them", () => {
  const manifestJson = encoder.encode(JSON.stringify(manifest));
  refusal(
    writeZip({ "manifest.json": new Uint8Array(limits.manifestBytes + 1), "slice.js": module }),
    "ARTIFACT_TOO_LARGE",
    /manifest has 1048577 bytes/,
  );
  refusal(
    writeZip({ "manifest.json": manifestJson, "slice.js": new Uint8Array(limits.bundleBytes + 1) }),
    "ARTIFACT_TOO_LARGE",
    /module has 16777217 bytes/,
  );
  refusal(new Uint8Array(limits.artifactBytes + 1), "ARTIFACT_TOO_LARGE", /artifact has 67108865/);
});

Deno.test("openSlice() answers damaged bytes with an AetherError or the whole slice", () => {
  const good = packSlice({ manifest, module, readme: "# Read me" });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(good.length),
      (changes, length) => {
        const bytes = good.slice(0, length < good.length / 2 ? good.length : length);
        for (const [offset, value] of changes) bytes[offset] = value;
        try {
          assert.deepEqual(openSlice(bytes).module, module);
        } catch (error) {
          assert.ok(error instanceof AetherError, String(error));
        }
      },
    ),
    { numRuns: 3000, seed: 2 },
  );
});
