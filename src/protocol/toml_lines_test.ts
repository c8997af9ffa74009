import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "smol-toml";
import { parseToml } from "./toml.ts";
import { pathText, tomlLines } from "./toml_lines.ts";

// The same cases in every run; another number explores others.
fc.configureGlobal({ seed: 1 });

const sample = `# comment [not.a.table]
id = "x" # trailing = comment

[[slices]]
artifact = """
a = [ " ] \\"""
b""""
[[slices]]
instances = 2
[slices.limits]
heapMb = 1
"quoted.key" = 'it''s'
a.b.c = 1979-05-27 07:32:00
[[slices.parts]]
[[slices.parts]]
z = { one = 1, two = [
  3, # comment ]
  { four = 4 },
] }
[last]
end = '''
x = 1
'''
after = true
`.replace("'it''s'", "'it = s'");

Deno.test("tomlLines() finds keys in every form of TOML", () => {
  const { issues, lineOf } = parseToml(sample);
  assert.deepEqual(issues, []);
  const lines: [PropertyKey[], number][] = [
    [["id"], 2],
    [["slices"], 4],
    [["slices", 0], 4],
    [["slices", 0, "artifact"], 5],
    [["slices", 1], 8],
    [["slices", 1, "instances"], 9],
    [["slices", 1, "limits"], 10],
    [["slices", 1, "limits", "quoted.key"], 12],
    [["slices", 1, "limits", "a", "b"], 13],
    [["slices", 1, "limits", "a", "b", "c"], 13],
    [["slices", 1, "parts", 1, "z", "two"], 16],
    [["slices", 1, "parts", 1, "z", "two", 0], 17],
    [["slices", 1, "parts", 1, "z", "two", 1, "four"], 18],
    [["last", "end"], 21],
    [["last", "after"], 24],
  ];
  for (const [path, line] of lines) assert.equal(lineOf(path), line, pathText(path));
});

Deno.test("tomlLines() ends on any text, and parseToml() never throws", () => {
  const piece = fc.constantFrom(..."[]{}=,.#\"'\\\n\r ab1_-é", '"""', "'''", "[[", "]]", "a = ");
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    const { lineOf } = parseToml(pieces.join(""));
    lineOf(["a", 0]);
  }));
});

Deno.test("tomlLines() knows every key that a document has", () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean());
  const { tree } = fc.letrec((tie) => ({
    tree: fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"),
      fc.oneof({ maxDepth: 3 }, leaf, fc.array(leaf), tie("tree"), fc.array(tie("tree"))),
      { maxKeys: 4 },
    ),
  }));
  fc.assert(fc.property(tree, (value) => {
    const text = stringify(value);
    const { value: parsed, lineOf } = parseToml(text);
    const rows = text.split("\n");
    const walk = (node: unknown, path: PropertyKey[]): void => {
      if (typeof node !== "object" || node === null) return;
      for (const [key, child] of Object.entries(node)) {
        const part = Array.isArray(node) ? Number(key) : key;
        const line = lineOf([...path, part]);
        assert.ok(line !== undefined && line <= rows.length, pathText([...path, part]));
        if (typeof part === "string") {
          const row = rows[line - 1] ?? "";
          const inner = JSON.stringify(part).slice(1, -1);
          assert.ok(row.includes(part) || row.includes(inner) || row.includes('"'), row);
        }
        walk(child, [...path, part]);
      }
    };
    walk(parsed, []);
  }));
});

Deno.test("tomlLines() takes keys that are nested too deeply without their lines", () => {
  const dotted = Array.from({ length: 50_000 }, () => "a").join(".");
  const lines = tomlLines(`first = 1\n${dotted} = 2\n`);
  assert.equal(lines.get("first"), 1);
  assert.ok(lines.size < 100);
});

Deno.test("pathText() quotes what is no bare key", () => {
  assert.equal(pathText(["slices", 0, "a b", "c"]), 'slices[0]."a b".c');
});
