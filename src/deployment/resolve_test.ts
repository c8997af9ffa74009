import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { makeCatalog, makeManifest } from "./manifest_fixture_test.ts";
import { parseBlueprint } from "./parse_blueprint.ts";
import { type Catalog, resolveBlueprint } from "./resolve.ts";

function blueprint(...artifacts: string[]) {
  const slices = artifacts.map((artifact) =>
    `[[slices]]\nartifact = "${artifact}"\ninstances = 3\n`
  );
  return parseBlueprint(`id = "org.shop:app:1.0.0"\n${slices.join("")}`);
}

function resolved(catalog: Catalog, ...artifacts: string[]): string[] {
  return resolveBlueprint(blueprint(...artifacts), catalog).slices.map((slice) => slice.artifact);
}

function refusal(catalog: Catalog, ...artifacts: string[]): [string, ...string[]] {
  try {
    resolveBlueprint(blueprint(...artifacts), catalog);
  } catch (error) {
    assert.ok(error instanceof AetherError);
    return [`${error.name} ${error.message}`, ...error.issues.map((issue) => issue.message)];
  }
  throw new Error("The blueprint was not refused");
}

Deno.test("resolveBlueprint() adds dependencies before the slices that need them", () => {
  const catalog = makeCatalog(
    makeManifest("org.shop:web:1.0.0", { dependencies: { "org.shop:stock": "^2.0.0" } }),
    makeManifest("org.shop:stock:2.0.0"),
    makeManifest("org.shop:stock:2.1.0", { dependencies: { "org.shop:log": "*" } }),
    makeManifest("org.shop:stock:3.0.0"),
    makeManifest("org.shop:log:0.1.0"),
  );
  const parsed = blueprint("org.shop:web:1.0.0");
  assert.deepEqual(resolveBlueprint(parsed, catalog), {
    id: "org.shop:app:1.0.0",
    source: parsed.source,
    slices: [
      {
        artifact: "org.shop:log:0.1.0",
        instances: 1,
        minAvailable: 1,
        isDependency: true,
        dependencies: [],
      },
      {
        artifact: "org.shop:stock:2.1.0",
        instances: 1,
        minAvailable: 1,
        isDependency: true,
        dependencies: ["org.shop:log:0.1.0"],
      },
      {
        artifact: "org.shop:web:1.0.0",
        instances: 3,
        minAvailable: 2,
        isDependency: false,
        dependencies: ["org.shop:stock:2.1.0"],
      },
    ],
  });
});

Deno.test("resolveBlueprint() prefers the version that the blueprint lists", () => {
  const catalog = makeCatalog(
    makeManifest("org.shop:web:1.0.0", { dependencies: { "org.shop:stock": "^2.0.0" } }),
    makeManifest("org.shop:stock:2.0.0"),
    makeManifest("org.shop:stock:2.1.0"),
    makeManifest("org.shop:stock:2.0.0-dev.3fa2"),
  );
  assert.deepEqual(resolved(catalog, "org.shop:web:1.0.0", "org.shop:stock:2.0.0"), [
    "org.shop:stock:2.0.0",
    "org.shop:web:1.0.0",
  ]);
  assert.deepEqual(resolved(catalog, "org.shop:web:1.0.0", "org.shop:stock:2.0.0-dev.3fa2"), [
    "org.shop:stock:2.0.0-dev.3fa2",
    "org.shop:web:1.0.0",
  ]);
});

Deno.test("resolveBlueprint() chooses a version that satisfies every range", () => {
  const catalog = makeCatalog(
    makeManifest("org.shop:a:1.0.0", { dependencies: { "org.shop:x": ">=1.0.0" } }),
    makeManifest("org.shop:b:1.0.0", { dependencies: { "org.shop:c": "*" } }),
    makeManifest("org.shop:c:1.0.0", { dependencies: { "org.shop:x": "^1.0.0" } }),
    makeManifest("org.shop:x:1.5.0"),
    makeManifest("org.shop:x:2.0.0", { dependencies: { "org.shop:only-new": "*" } }),
    makeManifest("org.shop:only-new:1.0.0"),
  );
  assert.deepEqual(resolved(catalog, "org.shop:a:1.0.0", "org.shop:b:1.0.0"), [
    "org.shop:x:1.5.0",
    "org.shop:a:1.0.0",
    "org.shop:c:1.0.0",
    "org.shop:b:1.0.0",
  ]);
});

Deno.test("resolveBlueprint() lists all missing artifacts and what is published instead", () => {
  const catalog = makeCatalog(makeManifest("org.shop:b:1.0.0"), makeManifest("org.shop:b:1.10.0"));
  assert.deepEqual(refusal(catalog, "org.shop:a:1.0.0", "org.shop:b:2.0.0", "org.shop:b2:1.0.0"), [
    "ARTIFACT_NOT_FOUND 3 artifacts are not published",
    "org.shop:a:1.0.0 is not published; no version of org.shop:a is published",
    "org.shop:b:2.0.0 is not published; published are 1.10.0, 1.0.0",
    "org.shop:b2:1.0.0 is not published; no version of org.shop:b2 is published",
  ]);
});

Deno.test("resolveBlueprint() refuses an artifact that says it is another one", () => {
  const catalog: Catalog = {
    manifest: () => makeManifest("org.shop:other:1.0.0"),
    versions: () => ["1.0.0"],
  };
  assert.equal(
    refusal(catalog, "org.shop:a:1.0.0")[0],
    "ARTIFACT_INVALID The artifact published as org.shop:a:1.0.0 says it is " +
      "org.shop:other:1.0.0: publish it again",
  );
});

Deno.test("resolveBlueprint() names slice, range and published versions it cannot match", () => {
  const catalog = makeCatalog(
    makeManifest("org.shop:a:1.0.0", {
      dependencies: { "org.shop:none": "^1.0.0", "org.shop:x": "^2.0.0" },
    }),
    makeManifest("org.shop:x:1.0.0"),
    makeManifest("org.shop:x:2.0.0-beta.1"),
  );
  assert.deepEqual(refusal(catalog, "org.shop:a:1.0.0"), [
    "DEPENDENCY_MISSING org.shop:a:1.0.0 needs org.shop:none ^1.0.0, but no version of " +
    "org.shop:none is published (and 1 more)",
    "org.shop:a:1.0.0 needs org.shop:none ^1.0.0, but no version of org.shop:none is published",
    "org.shop:a:1.0.0 needs org.shop:x ^2.0.0, but published are 2.0.0-beta.1, 1.0.0",
  ]);
  assert.deepEqual(refusal(catalog, "org.shop:x:1.0.0", "org.shop:a:1.0.0").slice(1), [
    "org.shop:a:1.0.0 needs org.shop:none ^1.0.0, but no version of org.shop:none is published",
  ]);
});

Deno.test("resolveBlueprint() refuses a listed version outside a range", () => {
  const catalog = makeCatalog(
    makeManifest("org.shop:a:1.0.0", { dependencies: { "org.shop:x": "^2.0.0" } }),
    makeManifest("org.shop:x:1.0.0"),
    makeManifest("org.shop:x:2.0.0"),
  );
  assert.equal(
    refusal(catalog, "org.shop:x:1.0.0", "org.shop:a:1.0.0")[0],
    "DEPENDENCY_MISSING org.shop:a:1.0.0 needs org.shop:x ^2.0.0, but the blueprint lists " +
      "version 1.0.0",
  );
});

Deno.test("resolveBlueprint() prints cycles", () => {
  const needs = (name: string) => ({ dependencies: { [`org.shop:${name}`]: "*" } });
  const catalog = makeCatalog(
    makeManifest("org.shop:a:1.0.0", needs("b")),
    makeManifest("org.shop:b:1.0.0", needs("a")),
    makeManifest("org.shop:self:1.0.0", needs("self")),
  );
  assert.deepEqual(refusal(catalog, "org.shop:a:1.0.0", "org.shop:self:1.0.0"), [
    "DEPENDENCY_CYCLE Slices depend on each other: org.shop:a -> org.shop:b -> org.shop:a",
    "org.shop:a -> org.shop:b -> org.shop:a",
    "org.shop:self -> org.shop:self",
  ]);
});

Deno.test("resolveBlueprint() refuses two slices with the same route", () => {
  const catalog = makeCatalog(
    makeManifest("org.shop:a:1.0.0", { routes: ["GET /urls/:code", "POST /urls"] }),
    makeManifest("org.shop:b:1.0.0", { routes: ["GET /urls/:id"] }),
  );
  assert.deepEqual(refusal(catalog, "org.shop:a:1.0.0", "org.shop:b:1.0.0").slice(1), [
    "GET /urls/:id of org.shop:b:1.0.0 (method0) and GET /urls/:code of org.shop:a:1.0.0 " +
    "(method0) are the same",
  ]);
});

Deno.test("resolveBlueprint() refuses more slices than the limit, dependencies included", () => {
  const catalog: Catalog = {
    manifest: (artifact) => {
      const next = `org.shop:s${Number(/:s(\d+):/.exec(artifact)?.[1]) + 1}`;
      return makeManifest(artifact, { dependencies: { [next]: "*" } });
    },
    versions: () => ["1.0.0"],
  };
  assert.equal(
    refusal(catalog, "org.shop:s0:1.0.0")[0],
    "BLUEPRINT_INVALID The blueprint has more than 500 slices with its dependencies: split it",
  );
});

Deno.test("resolveBlueprint() compares versions by number and forgets what it gave up", () => {
  const catalog = makeCatalog(
    makeManifest("org.shop:a:1.0.0", { dependencies: { "org.shop:x": "*" } }),
    makeManifest("org.shop:b:1.0.0", { dependencies: { "org.shop:c": "*" } }),
    makeManifest("org.shop:c:1.0.0", { dependencies: { "org.shop:x": "^1.0.0" } }),
    makeManifest("org.shop:x:1.9.0"),
    makeManifest("org.shop:x:1.10.0"),
    makeManifest("org.shop:x:2.0.0", { dependencies: { "org.shop:log": "^2.0.0" } }),
    makeManifest("org.shop:log:1.0.0"),
  );
  const listed = ["org.shop:a:1.0.0", "org.shop:b:1.0.0", "org.shop:log:1.0.0"];
  assert.deepEqual(resolved(catalog, ...listed), [
    "org.shop:x:1.10.0",
    "org.shop:a:1.0.0",
    "org.shop:c:1.0.0",
    "org.shop:b:1.0.0",
    "org.shop:log:1.0.0",
  ]);
});
