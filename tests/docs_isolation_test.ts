import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = Deno.readTextFileSync(join(root, "docs", "isolation.md"));
const hostile = "e2e/hostile_test.ts";

/** Rows of the tables whose last column is "Test", without their head. */
function rows(): { readonly name: string; readonly tests: string }[] {
  const found: { readonly name: string; readonly tests: string }[] = [];
  let isTable = false;
  for (const line of text.split("\n")) {
    if (!line.startsWith("|")) isTable = false;
    else if (/\| Test +\|$/.test(line)) isTable = true;
    else if (isTable && !/^\| -+ \|/.test(line)) {
      const cells = line.split("|").map((cell) => cell.trim());
      found.push({ name: cells[1] ?? "", tests: cells.at(-2) ?? "" });
    }
  }
  return found;
}

interface Reference {
  /** End of the path of a file of tests. */
  readonly file: string;
  /** Words of the names of tests. */
  readonly quoted: readonly string[];
  /** Traps of `tests/fixtures/hostile`. */
  readonly traps: readonly string[];
}

/** `FILE: "words", trap; FILE` in parts. */
function referencesOf(tests: string): Reference[] {
  return [...tests.matchAll(/([^\s;:"]+)(?:: ((?:"[^"]*"|\w+)(?:, (?:"[^"]*"|\w+))*))?(?:;|$)/g)]
    .map(([, file = "", names = ""]) => ({
      file: file === "hostile" ? hostile : file,
      quoted: [...names.matchAll(/"([^"]*)"/g)].map(([, words = ""]) => words),
      traps: names.replaceAll(/"[^"]*"/g, "").split(",").map((each) => each.trim()).filter(Boolean),
    }));
}

async function testFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await testFiles(path));
    else if (name.endsWith("_test.ts")) found.push(path);
  }
  return found;
}

Deno.test("docs/isolation.md: every row names tests, and they exist", async () => {
  const files = (await Promise.all(["src", "tests", "e2e"].map(testFiles))).flat();
  const texts = new Map(files.map((file) => [file, Deno.readTextFileSync(join(root, file))]));
  const problems: string[] = [];
  const all = rows();
  assert.ok(all.length > 30, `Only ${all.length} rows were found`);
  for (const { name, tests } of all) {
    const references = referencesOf(tests);
    if (references.length === 0) problems.push(`"${name}" names no test`);
    for (const { file, quoted, traps } of references) {
      const matching = files.filter((each) => `/${each}`.endsWith(`/${file}`));
      if (matching.length === 0) problems.push(`"${name}": there is no ${file}`);
      if (quoted.length + traps.length === 0) problems.push(`"${name}": ${file} without a name`);
      for (const words of quoted) {
        // Within one line: names of tests are not broken.
        const isThere = matching.some((each) =>
          texts.get(each)?.split("\n").some((line) => line.replaceAll("\\", "").includes(words))
        );
        if (!isThere) problems.push(`"${name}": ${file} has no test "${words}"`);
      }
      const code = matching.map((each) => texts.get(each)).join();
      for (const trap of traps) {
        if (!new RegExp(`\\b${trap}\\b`).test(code)) problems.push(`"${name}": no trap ${trap}`);
      }
    }
  }
  assert.deepEqual(problems, []);
});

Deno.test("docs/isolation.md: every trap has a row", () => {
  const named = new Set(
    rows().flatMap(({ tests }) => referencesOf(tests))
      .flatMap(({ traps }) => traps),
  );
  const traps = [...Deno.readDirSync(join(root, "tests", "fixtures", "hostile"))]
    .map(({ name }) => basename(name, ".js"))
    // What the others are made with, and the one of e2e/secrets_test.ts.
    .filter((name) => !["README.md", "attempts", "secrets"].includes(name));
  assert.deepEqual(traps.filter((trap) => !named.has(trap)), []);
});
