import assert from "node:assert/strict";
import { zstdDecompressSync } from "node:zlib";
import { pack } from "./pack.ts";

const bytes = new TextEncoder().encode("hello");
const launcher = new Uint8Array([1, 2, 3]);

Deno.test("pack() appends frames, an aligned index and a trailer to the launcher", async () => {
  const packed = await pack(launcher, [{ name: "a.js", bytes, mode: 0o600 }], 3);
  assert.deepEqual(packed.slice(0, 3), launcher);
  const view = new DataView(packed.buffer);
  const trailer = packed.length - 56;
  assert.equal(new TextDecoder().decode(packed.slice(-8)), "AETHER02");
  const index = Number(view.getBigUint64(trailer, true));
  assert.equal(index % 8, 0);
  assert.equal(index + 128, trailer);
  assert.equal(view.getUint32(trailer + 8, true), 1);
  const offset = Number(view.getBigUint64(index + 96, true));
  const length = Number(view.getBigUint64(index + 104, true));
  assert.equal(offset, 3);
  assert.deepEqual(zstdDecompressSync(packed.slice(offset, offset + length)).toString(), "hello");
  assert.equal(Number(view.getBigUint64(index + 112, true)), 5);
  assert.equal(view.getUint32(index + 120, true), 0o600);
});

Deno.test("pack() makes equal bytes from equal input", async () => {
  const files = [{ name: "a.js", bytes, mode: 0o600 }, { name: "b", bytes, mode: 0o700 }];
  assert.deepEqual(await pack(launcher, files, 3), await pack(launcher, files, 3));
});

Deno.test("pack() refuses names that the launcher would refuse", async () => {
  for (const name of ["a/b", ".hidden", "x".repeat(64)]) {
    await assert.rejects(pack(launcher, [{ name, bytes, mode: 0o600 }], 3), /cannot be packed/);
  }
});
