import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../../base/codec.ts";
import {
  type ClusterSnapshot,
  clusterSnapshotVersion,
  decodeGenesis,
  decodeSnapshot,
  encodeGenesis,
  encodeSnapshot,
  type Genesis,
} from "./genesis.ts";

const id = fc.string({ unit: fc.constantFrom(..."abn123-"), minLength: 1, maxLength: 20 });
const plain = { noNullPrototype: true };

const anyGenesis: fc.Arbitrary<Genesis> = fc.record({
  cluster: id,
  founders: fc.array(fc.record({ id, address: fc.string({ maxLength: 50 }) }, plain)),
  nonces: fc.array(id),
}, plain);

const anySnapshot: fc.Arbitrary<ClusterSnapshot> = fc.record({
  genesis: anyGenesis,
  nextSlot: fc.maxSafeNat(),
  configurations: fc.array(fc.record({ from: fc.nat(), members: fc.array(id) }, plain)),
  state: fc.uint8Array(),
}, plain);

Deno.test("decodeGenesis() reads back encodeGenesis(), and no part of it", () => {
  fc.assert(
    fc.property(anyGenesis, fc.nat(), (genesis, cut) => {
      const bytes = encodeGenesis(genesis);
      assert.deepEqual(decodeGenesis(bytes), genesis);
      assert.throws(() => decodeGenesis(bytes.subarray(0, cut % bytes.length)), DecodeError);
    }),
    { seed: 5 },
  );
});

Deno.test("decodeSnapshot() reads back encodeSnapshot(), and no part of it", () => {
  fc.assert(
    fc.property(anySnapshot, fc.nat(), (snapshot, cut) => {
      const bytes = encodeSnapshot(snapshot);
      assert.equal(bytes[0], clusterSnapshotVersion);
      assert.deepEqual(decodeSnapshot(bytes), snapshot);
      assert.throws(() => decodeSnapshot(bytes.subarray(0, cut % bytes.length)), DecodeError);
    }),
    { seed: 6 },
  );
});

Deno.test("decodeSnapshot() refuses other versions", () => {
  assert.throws(() => decodeSnapshot(Uint8Array.of(1, 0, 0)), /Snapshot version 1 is not known/);
});
