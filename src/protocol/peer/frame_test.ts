import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter, DecodeError } from "../../base/codec.ts";
import { SeededRandom } from "../../base/random.ts";
import { decodeFrame, encodeFrame, type PeerFrame } from "./frame.ts";
import { anyFrame } from "./samples_test.ts";

Deno.test("decodeFrame() reads back whatever encodeFrame() wrote", () => {
  const writer = new ByteWriter();
  fc.assert(
    fc.property(anyFrame, (frame) => {
      assert.deepEqual(decodeFrame(encodeFrame(frame, writer)), frame);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

/** Changes, cuts, doubles or joins bytes, as a broken peer or an attacker might. */
function mutate(bytes: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = new Uint8Array(bytes);
  switch (random.nextBelow(6)) {
    case 0:
      return random.bytes(1 + random.nextBelow(64));
    case 1:
      return copy.subarray(0, random.nextBelow(copy.length));
    case 2:
      return Uint8Array.of(...copy, ...other.subarray(random.nextBelow(other.length)));
    case 3: {
      const from = random.nextBelow(copy.length);
      const to = from + random.nextBelow(copy.length - from);
      return Uint8Array.of(...copy.subarray(0, to), ...copy.subarray(from));
    }
    case 4:
      // A length or count with the most bits that it can have.
      copy.fill(0xff, random.nextBelow(copy.length));
      return copy;
    default:
      for (let flips = 1 + random.nextBelow(4); flips > 0; flips--) {
        const at = random.nextBelow(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << random.nextBelow(8));
      }
      return copy;
  }
}

Deno.test("decodeFrame() answers 100,000 mutated frames with a frame or DecodeError", () => {
  const random = new SeededRandom("mutations");
  const writer = new ByteWriter();
  const samples = fc.sample(anyFrame, { numRuns: 500, seed: 7 })
    .map((frame) => encodeFrame(frame, writer).slice());
  let refused = 0;
  for (let round = 0; round < 100_000; round++) {
    const pick = () => samples[random.nextBelow(samples.length)] ?? new Uint8Array(1);
    const bytes = mutate(pick(), pick(), random);
    let frame: PeerFrame;
    try {
      frame = decodeFrame(bytes);
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
      refused++;
      continue;
    }
    // What was taken is the only form of what it means, so nothing was read that was not there.
    assert.deepEqual(encodeFrame(frame, writer).slice(), new Uint8Array(bytes));
  }
  assert.ok(refused > 50_000 && refused < 100_000, `${refused} were refused`);
});

Deno.test("decodeFrame() refuses other versions of the protocol by name", () => {
  const writer = new ByteWriter();
  const bytes = writer.u8(1).u8(99).take();
  assert.throws(() => decodeFrame(bytes), /protocol version 99; this node speaks 1/);
});
