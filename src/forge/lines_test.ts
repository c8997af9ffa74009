import assert from "node:assert/strict";
import { linesOf } from "./lines.ts";

function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks.map((text) => new TextEncoder().encode(text)));
}

Deno.test("linesOf() joins chunks and ends lines at any line end", async () => {
  const lines = await Array.fromAsync(linesOf(stream("a\nb", "c\r\n", "\nlast")));
  assert.deepEqual(lines, ["a", "bc", "", "last"]);
});

Deno.test("linesOf() keeps characters whose bytes come apart", async () => {
  const bytes = new TextEncoder().encode("é\n");
  const parts = ReadableStream.from([bytes.slice(0, 1), bytes.slice(1)]);
  assert.deepEqual(await Array.fromAsync(linesOf(parts)), ["é"]);
});

Deno.test("linesOf() cuts lines without an end, so that memory is bounded", async () => {
  const lines = await Array.fromAsync(linesOf(stream("x".repeat(70_000), "y\n")));
  assert.deepEqual(lines.map((line) => line.length), [65_536, 4_465]);
});
