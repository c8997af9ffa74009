import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../base/errors.ts";
import {
  artifactBase,
  compareVersions,
  formatCoordinates,
  isArtifactBase,
  isVersionRange,
  parseCoordinates,
  parseRepositoryPath,
  repositoryPath,
  satisfies,
} from "./coordinates.ts";

const anyGroup = fc.array(fc.stringMatching(/^[a-z][a-z0-9_-]{0,5}$/), {
  minLength: 2,
  maxLength: 4,
}).map((parts) => parts.join("."));
const anyName = fc.stringMatching(/^[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,2}$/);
const anyVersion = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join("."));
const anyPreRelease = fc.constantFrom("", "-dev.h3fa2", "-rc.1");
const anyCoordinates = fc.record({
  group: anyGroup,
  name: anyName,
  version: fc.tuple(anyVersion, anyPreRelease).map((parts) => parts.join("")),
}, { noNullPrototype: true });

function refusal(text: string): string {
  try {
    parseCoordinates(text);
  } catch (error) {
    if (error instanceof AetherError && error.name === "COORDINATES_INVALID") return error.message;
    throw error;
  }
  return "";
}

Deno.test("parseCoordinates() reads what formatCoordinates() wrote", () => {
  fc.assert(
    fc.property(anyCoordinates, (coordinates) => {
      assert.deepEqual(parseCoordinates(formatCoordinates(coordinates)), coordinates);
      const base = artifactBase(coordinates);
      assert.equal(artifactBase(formatCoordinates(coordinates)), base);
      assert.ok(isArtifactBase(base));
    }),
    { seed: 1 },
  );
});

Deno.test("parseCoordinates() names the part that is wrong", () => {
  assert.match(refusal("org.example:echo"), /exactly three parts/);
  assert.match(refusal("org.example:echo:1.0.0:x"), /exactly three parts/);
  assert.match(refusal(""), /exactly three parts/);
  assert.match(refusal(`org.example:${"e".repeat(300)}:1.0.0`), /exactly three parts/);
  for (const group of ["", "org", "Org.example", "org.", ".org", "org.1a", "org..a", "o/r.g"]) {
    assert.match(refusal(`${group}:echo:1.0.0`), new RegExp(`group "${group}"`), group);
  }
  for (const name of ["", "Echo", "-a", "a-", "a--b", "a_b", "a.b", "a/b"]) {
    assert.match(refusal(`org.example:${name}:1.0.0`), new RegExp(`name "${name}"`), name);
  }
  for (const version of ["", "1", "1.0", "v1.0.0", "=1.0.0", " 1.0.0", "1.0.0 ", "01.0.0"]) {
    assert.match(refusal(`org.example:echo:${version}`), /is not a semantic version/, version);
  }
  assert.match(refusal("org.example:echo:1.0.0+build"), /is not a semantic version/);
});

Deno.test("parseCoordinates() answers any text with coordinates or COORDINATES_INVALID", () => {
  const anyPart = fc.oneof(fc.string(), anyGroup, anyName, anyVersion);
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 4 }), (parts) => {
      const text = parts.join(":");
      if (refusal(text) === "") assert.equal(formatCoordinates(parseCoordinates(text)), text);
    }),
    { seed: 2, numRuns: 500 },
  );
});

Deno.test("isArtifactBase() refuses what is not group:name", () => {
  for (const text of ["", "echo", "org:echo", "org.example:", "org.example:echo:1.0.0"]) {
    assert.equal(isArtifactBase(text), false, text);
  }
});

Deno.test("parseRepositoryPath() reads what repositoryPath() wrote", () => {
  fc.assert(
    fc.property(anyCoordinates, fc.constantFrom("slice", "json", "slice.sha1"), (given, end) => {
      const path = repositoryPath(given, end);
      const { name, version } = given;
      const file = `${name}-${version}.${end}`;
      assert.deepEqual(parseRepositoryPath(path), { coordinates: given, file });
    }),
    { seed: 3 },
  );
  assert.equal(
    repositoryPath(parseCoordinates("org.example:echo:1.0.0")),
    "org/example/echo/1.0.0/echo-1.0.0.slice",
  );
});

Deno.test("parseRepositoryPath() gives an artifact one folder only", () => {
  const wrong = [
    "",
    "echo-1.0.0.slice",
    "echo/1.0.0/echo-1.0.0.slice",
    "org/echo/1.0.0/echo-1.0.0.slice",
    "org.example/echo/1.0.0/echo-1.0.0.slice",
    "org/example.more/echo/1.0.0/echo-1.0.0.slice",
    "/org/example/echo/1.0.0/echo-1.0.0.slice",
    "org/../example/echo/1.0.0/echo-1.0.0.slice",
    "org/example/echo/1.0.0/other-1.0.0.slice",
    "org/example/echo/1.0/echo-1.0.slice",
    "org/example/echo/1.0.0/",
  ];
  for (const path of wrong) assert.equal(parseRepositoryPath(path), undefined, path);
});

Deno.test("satisfies() matches ranges, and pre-releases only where they are named", () => {
  assert.ok(satisfies("1.2.0", "^1.0.0"));
  assert.ok(!satisfies("2.0.0", "^1.0.0"));
  assert.ok(satisfies("1.0.0-dev.h1", "1.0.0-dev.h1"));
  assert.ok(!satisfies("1.1.0-dev.h1", "^1.0.0"));
  assert.ok(satisfies("1.0.0-rc.2", "^1.0.0-rc.1"));
  assert.ok(!satisfies("1.1.0-rc.2", "^1.0.0-rc.1"));
  assert.ok(!satisfies("1.0.0", "no range"));
});

Deno.test("isVersionRange() tells ranges from other text", () => {
  for (const range of ["^1.0.0", "1.2.3", ">=1 <3", "1.x", "*"]) assert.ok(isVersionRange(range));
  for (const text of ["latest", "^", "1.0.0.0"]) assert.ok(!isVersionRange(text), text);
});

Deno.test("compareVersions() orders by number, pre-releases first", () => {
  const sorted = ["1.0.0-rc.1", "1.0.0-rc.2", "1.0.0", "1.9.0", "1.10.0", "2.0.0"];
  assert.deepEqual(sorted.toReversed().sort(compareVersions), sorted);
});
