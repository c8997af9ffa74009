import assert from "node:assert/strict";
import { inPieces } from "./pieces.ts";

Deno.test("inPieces() keeps bytes and order, whatever the parts", async () => {
  const bytes = Uint8Array.from({ length: 23 }, (_, index) => index);
  for (const cuts of [[], [1], [8], [7, 9], [8, 16], [4, 5, 20]]) {
    const parts = [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index]));
    const pieces = await Array.fromAsync(inPieces(parts, 8));
    assert.deepEqual(pieces.map(({ length }) => length), [8, 8, 7]);
    assert.deepEqual(pieces.flatMap((piece) => [...piece]), [...bytes]);
  }
});

Deno.test("inPieces() gives pieces of their own, and none for nothing", async () => {
  const part = Uint8Array.of(1, 2, 3, 4);
  const [piece] = await Array.fromAsync(inPieces([part], 4));
  part.fill(0);
  assert.deepEqual([...piece ?? []], [1, 2, 3, 4]);
  assert.deepEqual(await Array.fromAsync(inPieces([new Uint8Array()], 4)), []);
});
