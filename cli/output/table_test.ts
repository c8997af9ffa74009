import assert from "node:assert/strict";
import { painter } from "./style.ts";
import { renderFields, renderTable } from "./table.ts";
import { cutToWidth, displayWidth, printable } from "./width.ts";

const paint = painter(false);

Deno.test("renderTable() aligns columns and puts numbers to the right", () => {
  const rows = [["echo", 2, "a"], ["url-shortener", 11, ""]];
  assert.equal(
    renderTable(["NAME", "N", "NOTE"], rows, { paint }),
    "NAME            N  NOTE\n" +
      "echo            2  a\n" +
      "url-shortener  11\n",
  );
});

Deno.test("renderTable() prints titles alone when there is nothing", () => {
  assert.equal(renderTable(["NAME", "N"], [], { paint }), "NAME  N\n");
});

Deno.test("renderTable() counts columns of wide characters", () => {
  const rows = [["日本", "x"], ["ab", "y"], ["é", "z"]];
  assert.equal(
    renderTable(["K", "V"], rows, { paint }),
    "K     V\n日本  x\nab    y\né     z\n",
  );
});

Deno.test("renderTable() cuts the widest columns until the table fits the terminal", () => {
  const text = renderTable(["ID", "REASON"], [["node-1", "x".repeat(100)]], { paint, columns: 30 });
  const lines = text.trimEnd().split("\n");
  assert.equal(lines[1], `node-1  ${"x".repeat(21)}…`);
});

Deno.test("renderTable() keeps a readable width on a terminal that is too narrow", () => {
  const rows = [["a".repeat(20), "b".repeat(20)]];
  const text = renderTable(["A", "B"], rows, { paint, columns: 5 });
  assert.equal(text.split("\n")[1], "aaaaaaa…  bbbbbbb…");
});

Deno.test("renderTable() shows control characters instead of sending them to the terminal", () => {
  const text = renderTable(["KEY"], [["a\x1b[31m\nb"]], { paint });
  assert.equal(text, "KEY\na\\u001b[31m b\n");
});

Deno.test("renderTable() colours cells without moving columns", () => {
  const rows = [[{ text: "FAILED", tone: "bad" as const }, "x"]];
  const text = renderTable(["STATE", "V"], rows, { paint: painter(true) });
  assert.equal(text.split("\n")[1], "\x1b[31mFAILED\x1b[0m  x");
});

Deno.test("renderFields() aligns values", () => {
  assert.equal(renderFields([["id", "a"], ["longer", 2]], { paint }), "id      a\nlonger  2\n");
});

Deno.test("displayWidth() knows combining marks, emoji and wide scripts", () => {
  const widths: [text: string, width: number][] = [
    ["", 0],
    ["abc", 3],
    ["e\u0301", 1],
    ["👍", 2],
    ["👩‍👩‍👧", 2],
    ["한글", 4],
    ["Ａ", 2],
    ["\u200b", 0],
  ];
  for (const [text, width] of widths) assert.equal(displayWidth(text), width, text);
});

Deno.test("cutToWidth() never exceeds the width, not even by half a character", () => {
  assert.equal(cutToWidth("abcdef", 6), "abcdef");
  assert.equal(cutToWidth("abcdef", 4), "abc…");
  assert.equal(displayWidth(cutToWidth("日本語", 4)), 3);
});

Deno.test("printable() defuses direction overrides", () => {
  assert.equal(printable("a\u202eb"), "a\\u202eb");
});
