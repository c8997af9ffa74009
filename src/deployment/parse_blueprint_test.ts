import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { limits } from "../protocol/limits.ts";
import { parseBlueprint } from "./parse_blueprint.ts";

function problems(text: string): string[] {
  try {
    parseBlueprint(text);
  } catch (error) {
    assert.ok(error instanceof AetherError);
    assert.equal(error.name, "BLUEPRINT_INVALID");
    return error.issues.length === 0
      ? [error.message]
      : error.issues.map((issue) => `${issue.line ?? "-"} ${issue.path}: ${issue.message}`);
  }
  return [];
}

Deno.test("parseBlueprint() fills in the defaults", () => {
  const source = `
id = "org.shop:checkout-app:1.4.0"
[[slices]]
artifact = "org.shop:stock:2.0.1"
instances = 5
[[slices]]
artifact = "org.shop:checkout:1.4.0"
`;
  assert.deepEqual(parseBlueprint(source), {
    id: "org.shop:checkout-app:1.4.0",
    source,
    slices: [
      { artifact: "org.shop:stock:2.0.1", instances: 5, minAvailable: 3, line: 3 },
      { artifact: "org.shop:checkout:1.4.0", instances: 1, minAvailable: 1, line: 6 },
    ],
  });
});

Deno.test("parseBlueprint() names the line and column of wrong syntax", () => {
  assert.deepEqual(problems('id = "org.shop:app:1.0.0"\n[[slices]\n'), [
    '2 (syntax): Expected end of table array declaration at column 10 of "[[slices]"',
  ]);
});

Deno.test("parseBlueprint() reports all problems at once, in the order of lines", () => {
  const text = `id = 7
owner = "me"
[[slices]]
artifact = "Shop:stock"
instances = "three"
minavailable = 2
[[slices]]
artifact = "org.shop:a:1.0.0"
instances = 2
minAvailable = 3
[[slices]]
instances = 0
[[slices]]
artifact = "org.shop:a:2.0.0"
instances = 1.5
[[slices]]
artifact = 1979-05-27
instances = 5000
`;
  assert.deepEqual(problems(text), [
    "1 id: Write a string, not 7",
    '2 owner: Unknown key "owner": valid keys are id, slices',
    '4 slices[0].artifact: "Shop:stock" is not an artifact: it needs exactly three parts, ' +
    "group:name:version",
    '5 slices[0].instances: Write a whole number, not "three"',
    '6 slices[0].minavailable: Unknown key "minavailable": did you mean "minAvailable"?',
    "10 slices[1].minAvailable: minAvailable 3 is more than the 2 instances: write 1 to 2",
    '11 slices[2].artifact: Missing key "artifact": write a string',
    "12 slices[2].instances: 0 is too small: the least is 1",
    "14 slices[3].artifact: org.shop:a is already in slices[1]: list a slice once, with its " +
    "instances",
    "15 slices[3].instances: Write a whole number, not 1.5",
    "17 slices[4].artifact: Write a string, not 1979-05-27",
    "18 slices[4].instances: 5000 is too large: the most is 1000",
  ]);
});

Deno.test("parseBlueprint() refuses a blueprint without slices", () => {
  assert.deepEqual(problems('id = "org.shop:app:1.0.0"\n'), [
    '- slices: Missing key "slices": write an array',
  ]);
  assert.deepEqual(problems('id = "org.shop:app:1.0.0"\nslices = []\n'), [
    "2 slices: Add at least one [[slices]] table",
  ]);
  assert.deepEqual(problems('id = "org.shop:app:1.0.0"\nslices = [1, {}]\n'), [
    "2 slices[0]: Write a table, not 1",
    '2 slices[1].artifact: Missing key "artifact": write a string',
  ]);
});

Deno.test("parseBlueprint() refuses more slices than the limit", () => {
  const slices = Array.from(
    { length: limits.blueprintSlices + 1 },
    (_, index) => `[[slices]]\nartifact = "org.shop:s${index}:1.0.0"`,
  );
  assert.deepEqual(problems(`id = "org.shop:app:1.0.0"\n${slices.join("\n")}`), [
    "2 slices: 501 entries are too many: the most is 500",
  ]);
});

Deno.test("parseBlueprint() refuses text over the size limit before it reads it", () => {
  assert.deepEqual(problems(`# ${"x".repeat(limits.blueprintBytes)}`), [
    "The blueprint has 1048578 bytes; the limit is 1048576: split it",
  ]);
});

Deno.test("parseBlueprint() treats names of object prototypes as unknown keys", () => {
  const text = 'id = "org.shop:app:1.0.0"\n__proto__ = 1\nconstructor = 2\n[[slices]]\n' +
    'artifact = "org.shop:a:1.0.0"\n';
  assert.deepEqual(problems(text), [
    '2 __proto__: Unknown key "__proto__": valid keys are id, slices',
    '3 constructor: Unknown key "constructor": valid keys are id, slices',
  ]);
});
