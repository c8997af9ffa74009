import assert from "node:assert/strict";
import { ByteWriter, DecodeError } from "../../base/codec.ts";
import { decodeStorageFrame, encodeStorageFrame, type StorageFrame } from "./frame.ts";

const body = Uint8Array.of(1, 2, 3);
const frames: readonly StorageFrame[] = [
  { kind: "hello", cluster: "c1", node: "n1" },
  { kind: "ask", id: 7, topic: "chunk", remainingMs: 1000, body },
  { kind: "answer", id: 7, ok: true, body },
  { kind: "answer", id: 8, ok: false, body: new Uint8Array() },
  { kind: "tell", topic: "news", body },
  { kind: "ping" },
  { kind: "pong" },
];

Deno.test("decodeStorageFrame() reads what encodeStorageFrame() wrote", () => {
  const writer = new ByteWriter();
  for (const frame of frames) {
    assert.deepEqual(decodeStorageFrame(encodeStorageFrame(frame, writer)), frame);
  }
});

Deno.test("decodeStorageFrame() refuses every truncation and what follows the end", () => {
  const writer = new ByteWriter();
  for (const frame of frames) {
    const bytes = encodeStorageFrame(frame, writer).slice();
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeStorageFrame(bytes.subarray(0, length)), DecodeError);
    }
    assert.throws(() => decodeStorageFrame(Uint8Array.of(...bytes, 0)), DecodeError);
  }
  assert.throws(() => decodeStorageFrame(Uint8Array.of(99)), DecodeError);
  assert.throws(() => decodeStorageFrame(Uint8Array.of(1, 9, 0, 0)), DecodeError);
  assert.throws(() => decodeStorageFrame(Uint8Array.of(3, 1, 2, 0)), DecodeError);
});
