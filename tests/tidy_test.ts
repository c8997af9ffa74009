/**
 * The rules of the house, as ordinary tests over every file of the repository.
 *
 * Each rule is a pure function in `tidy/` and is shown bad and good samples in
 * `tidy/samples_test.ts`; here they meet the real tree. What each rule is for: docs/style.md.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { checkCatalog } from "./tidy/catalog.ts";
import { checkConsole } from "./tidy/console.ts";
import { checkCycles } from "./tidy/cycles.ts";
import { checkDeadExports } from "./tidy/dead_exports.ts";
import { checkDependencies } from "./tidy/dependencies.ts";
import { checkFolders } from "./tidy/folders.ts";
import { checkForgotten } from "./tidy/forgotten.ts";
import { checkGlobals } from "./tidy/globals.ts";
import { checkHeaders } from "./tidy/headers.ts";
import { checkLayers } from "./tidy/layers.ts";
import { checkLines } from "./tidy/lines.ts";
import { checkMachines } from "./tidy/machines.ts";
import { checkSize } from "./tidy/size.ts";
import { format, readTree, type Rule } from "./tidy/source.ts";
import { checkSyntax } from "./tidy/syntax.ts";
import { checkUntested } from "./tidy/untested.ts";

const rules: Readonly<Record<string, Rule>> = {
  "every module parses": checkSyntax,
  "imports point strictly downward": checkLayers,
  "there are no import cycles": checkCycles,
  "the pure layers touch no IO, time or randomness": checkGlobals,
  "files stay small and only shrink": checkSize,
  "folders stay small": checkFolders,
  "lines stay short": checkLines,
  "every module opens with a header": checkHeaders,
  "nothing prints outside cli/ and scripts/": checkConsole,
  "there are no forgotten notes": checkForgotten,
  "no file knows the machine it was written on": checkMachines,
  "every module with logic has a test": checkUntested,
  "every export is imported": checkDeadExports,
  "dependencies are pinned npm packages": checkDependencies,
  "error numbers are unique": checkCatalog,
};

const tree = await readTree(fileURLToPath(new URL("..", import.meta.url)));

Deno.test("tidy: the tree was really read", () => {
  const paths = tree.map((file) => file.path);
  for (const path of ["deno.json", "src/base/errors.ts", "tests/tidy_test.ts"]) {
    assert.ok(paths.includes(path), `${path} is missing among ${paths.length} files`);
  }
});

for (const [name, check] of Object.entries(rules)) {
  Deno.test(`tidy: ${name}`, () => {
    const findings = check(tree);
    assert.equal(findings.length, 0, `\n${findings.map(format).join("\n")}\n`);
  });
}
