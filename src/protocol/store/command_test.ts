import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import { limits } from "../limits.ts";
import {
  checkTransaction,
  type Command,
  type Compare,
  contentTypeBytesMax,
  decodeCommand,
  encodeCommand,
  type Operation,
  type Transaction,
} from "./command.ts";

const anyText = fc.string({ unit: "grapheme", maxLength: 20 });
const plain = { noNullPrototype: true };
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    type: fc.constant("put" as const),
    key: anyText,
    value: fc.uint8Array({ maxLength: 50 }).map((bytes) => new Uint8Array(bytes)),
    contentType: anyText,
  }, plain),
  fc.record({ type: fc.constant("delete" as const), key: anyText }, plain),
);
const anyNumber = fc.maxSafeNat();
const anyId = fc.string({ minLength: 1, maxLength: 9 });
const anyFullOperation: fc.Arbitrary<Operation> = fc.oneof(
  anyOperation,
  fc.record({
    type: fc.constant("put" as const),
    key: anyText,
    value: fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes)),
    contentType: anyText,
    lease: anyId,
  }, plain),
  fc.record({ type: fc.constant("grant" as const), lease: anyId, ttlMs: anyNumber }, plain),
  fc.record({ type: fc.constantFrom("renew" as const, "revoke" as const), lease: anyId }, plain),
  fc.record({ type: fc.constant("tick" as const), elapsedMs: anyNumber }, plain),
);
const anyFullCompare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({ key: anyText, revision: anyNumber }, plain),
  fc.record({
    key: anyText,
    value: fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes)),
  }, plain),
  fc.record({ key: anyText, exists: fc.constant(true as const) }, plain),
);
const anyFullTransaction: fc.Arbitrary<Transaction> = fc.record({
  compare: fc.array(anyFullCompare),
  then: fc.array(anyFullOperation),
  otherwise: fc.array(anyFullOperation),
  idempotency: fc.record({ key: anyId, fingerprint: anyId }, plain),
}, { ...plain, requiredKeys: ["compare", "then", "otherwise"] });
const anyCommand: fc.Arbitrary<Command> = fc.record({
  node: fc.string({ maxLength: 16 }),
  incarnation: anyNumber,
  sequence: anyNumber,
  acknowledgedBelow: anyNumber,
  writer: fc.constantFrom("user", "slice", "operator", "leader", "node"),
  transaction: fc.record({
    compare: fc.array(fc.record({ key: anyText, revision: anyNumber }, plain)),
    then: fc.array(anyOperation),
    otherwise: fc.array(anyOperation),
  }, plain),
}, plain);

function put(changes: Partial<Extract<Operation, { type: "put" }>>): Transaction {
  const base = { type: "put" as const, key: "user/a", value: new Uint8Array(0), contentType: "" };
  return { compare: [], then: [{ ...base, ...changes }], otherwise: [] };
}

function commandOf(transaction: Transaction): Command {
  return {
    node: "n1",
    incarnation: 1,
    sequence: 1,
    acknowledgedBelow: 1,
    writer: "user",
    transaction,
  };
}

Deno.test("decodeCommand() reads what encodeCommand() wrote", () => {
  fc.assert(
    fc.property(anyCommand, (command) => {
      assert.deepEqual(decodeCommand(encodeCommand(command)), command);
    }),
    { seed: 1 },
  );
});

Deno.test("decodeCommand() reads leases, ticks, comparisons of values and idempotency keys", () => {
  fc.assert(
    fc.property(anyFullTransaction, (transaction) => {
      const command = commandOf(transaction);
      assert.deepEqual(decodeCommand(encodeCommand(command)), command);
    }),
    { seed: 3 },
  );
});

Deno.test("encodeCommand() writes what 0.1 can do in the form of 0.1", () => {
  assert.equal(encodeCommand(commandOf(put({})))[0], 1);
  assert.equal(encodeCommand(commandOf(put({ lease: "l" })))[0], 2);
});

Deno.test("decodeCommand() answers changed bytes with a command or DecodeError", () => {
  const anyChange = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(anyCommand, fc.array(anyChange, { minLength: 1 }), (command, changes) => {
      const bytes = encodeCommand(command);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      let decoded: Command;
      try {
        decoded = decodeCommand(bytes);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
        return;
      }
      assert.deepEqual(encodeCommand(decoded), bytes, "one value has one form");
    }),
    { seed: 2, numRuns: 2_000 },
  );
});

Deno.test("decodeCommand() refuses any shorter or longer input", () => {
  const bytes = encodeCommand(commandOf(put({ value: Uint8Array.of(1, 2) })));
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeCommand(bytes.subarray(0, length)), DecodeError);
  }
  assert.throws(() => decodeCommand(Uint8Array.from([...bytes, 0])), DecodeError);
});

Deno.test("decodeCommand() names a version, a writer and an operation it does not know", () => {
  const bytes = encodeCommand(commandOf({
    compare: [],
    then: [{ type: "delete", key: "k" }],
    otherwise: [],
  }));
  const changed = (at: number, byte: number) => bytes.with(at, byte);
  assert.throws(
    () => decodeCommand(changed(0, 3)),
    /Command version 3 is not known; known are 1 and 2/,
  );
  // version, "n1" with its length, three numbers, the writer, two counts, the operation.
  assert.throws(() => decodeCommand(changed(7, 5)), /Writer is not known at byte 7/);
  assert.throws(() => decodeCommand(changed(10, 2)), /Operation type 2 is not known at byte 10/);
});

Deno.test("checkTransaction() takes whatever decodeCommand() can read", () => {
  const longest = put({
    key: "é".repeat(limits.keyBytes / 2),
    contentType: "é".repeat(contentTypeBytesMax / 2),
  });
  checkTransaction(longest);
  assert.deepEqual(decodeCommand(encodeCommand(commandOf(longest))).transaction, longest);
});

Deno.test("checkTransaction() refuses whatever decodeCommand() could not read", () => {
  const longKey = "é".repeat(limits.keyBytes / 2) + "e";
  const operation: Operation = { type: "delete", key: "user/a" };
  const refused: [Transaction, string][] = [
    [put({ key: longKey }), "KEY_INVALID"],
    [put({ key: "user/\ud800" }), "KEY_INVALID"],
    [put({ contentType: "é".repeat(contentTypeBytesMax / 2) + "e" }), "REQUEST_INVALID"],
    [put({ value: new Uint8Array(16 * 1024 * 1024 + 1) }), "VALUE_TOO_LARGE"],
    [{ compare: [{ key: longKey, revision: 0 }], then: [], otherwise: [] }, "KEY_INVALID"],
    [{ compare: [], then: [], otherwise: [{ ...operation, key: longKey }] }, "KEY_INVALID"],
    [put({ lease: "" }), "REQUEST_INVALID"],
    [{ ...put({}), idempotency: { key: "x".repeat(513), fingerprint: "f" } }, "REQUEST_INVALID"],
    [{ ...put({}), then: [{ type: "grant", lease: "l", ttlMs: 999 }] }, "REQUEST_INVALID"],
    [{ ...put({}), then: [{ type: "grant", lease: "l", ttlMs: 86_400_001 }] }, "REQUEST_INVALID"],
    [{ ...put({}), then: [{ type: "tick", elapsedMs: 1_001 }] }, "REQUEST_INVALID"],
    [{ compare: [], then: Array(10_001).fill(operation), otherwise: [] }, "REQUEST_INVALID"],
  ];
  for (const [transaction, name] of refused) {
    assert.throws(
      () => checkTransaction(transaction),
      (error) => error instanceof AetherError && error.name === name,
      name,
    );
  }
});
