import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter, DecodeError } from "../base/codec.ts";
import type { Command, Compare, KeyOperation } from "../protocol/store/command.ts";
import { type Entry, StoreState } from "./state.ts";
import { command, put, roomy } from "./state_fixture_test.ts";

// Properties of the store, against the obvious one and against itself.

/** A transaction of keys and revisions only. */
interface PlainTransaction {
  readonly compare: readonly Extract<Compare, { readonly revision: number }>[];
  readonly then: readonly KeyOperation[];
  readonly otherwise: readonly KeyOperation[];
}

/** The obvious store: a map, and a number. */
class Model {
  readonly entries = new Map<string, Entry>();
  revision = 0;

  apply({ compare, then, otherwise }: PlainTransaction): boolean {
    const succeeded = compare.every(({ key, revision }) =>
      (this.entries.get(key)?.revision ?? 0) === revision
    );
    const revision = this.revision + 1;
    for (const operation of succeeded ? then : otherwise) {
      const { key } = operation;
      const previous = this.entries.get(key);
      if (operation.type === "delete") {
        if (this.entries.delete(key)) this.revision = revision;
        continue;
      }
      const { value, contentType } = operation;
      const createRevision = previous?.createRevision ?? revision;
      this.entries.set(key, { value, contentType, createRevision, revision });
      this.revision = revision;
    }
    return succeeded;
  }
}

const anyKey = fc.constantFrom("user/a", "user/ab", "user/b", "user/b/c", "user/ü");
const anyPut: fc.Arbitrary<KeyOperation> = fc.record({
  type: fc.constant("put"),
  key: anyKey,
  value: fc.uint8Array({ maxLength: 6 }),
  contentType: fc.constantFrom("", "text/plain"),
});
const anyDelete: fc.Arbitrary<KeyOperation> = fc.record({
  type: fc.constant("delete"),
  key: anyKey,
});
const anyOperations = fc.array(fc.oneof(anyPut, anyDelete), { maxLength: 4 });
const anyCompare = fc.record({ key: anyKey, revision: fc.nat(6) });
const anyTransaction: fc.Arbitrary<PlainTransaction> = fc.record({
  compare: fc.array(anyCompare, { maxLength: 2 }),
  then: anyOperations,
  otherwise: anyOperations,
});

function contentOf(state: StoreState): [string, Entry][] {
  return state.list("").map((key) => [key, state.get(key) as Entry]);
}

Deno.test("StoreState.apply() does what a map with compare-and-set does", () => {
  fc.assert(
    fc.property(fc.array(anyTransaction, { maxLength: 20 }), (transactions) => {
      const state = new StoreState(roomy);
      const model = new Model();
      for (const transaction of transactions) {
        const { applied, change } = state.apply(command([], { transaction }));
        const before = model.revision;
        assert.equal(applied.succeeded, model.apply(transaction));
        assert.equal(applied.outcome, applied.succeeded ? "done" : "refused");
        assert.equal(applied.revision, model.revision);
        assert.equal(change?.revision, model.revision === before ? undefined : model.revision);
      }
      assert.equal(state.revision, model.revision);
      const expected = [...model.entries].sort(([a], [b]) => a < b ? -1 : 1);
      assert.deepEqual(contentOf(state), expected);
      assert.deepEqual(
        [...state.entries("user/b")],
        expected.filter(([key]) => key.startsWith("user/b")),
      );
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("StoreState.apply() reports events that turn the old entries into the new ones", () => {
  fc.assert(
    fc.property(fc.array(anyTransaction, { maxLength: 20 }), (transactions) => {
      const state = new StoreState(roomy);
      const followed = new Map<string, Entry>();
      for (const transaction of transactions) {
        const { applied, change } = state.apply(command([], { transaction }));
        let deleted = 0;
        for (const { key, entry, previous } of change?.events ?? []) {
          assert.equal(previous, followed.get(key));
          if (entry === undefined) followed.delete(key);
          else followed.set(key, entry);
          if (entry === undefined) deleted++;
        }
        assert.equal(applied.deleted, deleted);
      }
      const sorted = [...followed].sort(([a], [b]) => a < b ? -1 : 1);
      assert.deepEqual(contentOf(state), sorted);
    }),
    { seed: 2 },
  );
});

Deno.test("StoreState.apply() executes each command once, however often it comes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ transaction: anyTransaction, repeats: fc.array(fc.nat(30)) })),
      (steps) => {
        const once = new StoreState(roomy);
        const often = new StoreState(roomy);
        const commands: Command[] = [];
        const answers: unknown[] = [];
        for (const [index, { transaction, repeats }] of steps.entries()) {
          const given = command([], { transaction, sequence: index + 1 });
          commands.push(given);
          answers.push(once.apply(given).applied);
          assert.deepEqual(often.apply(given).applied, answers.at(-1));
          for (const repeat of repeats) {
            const at = repeat % commands.length;
            const again = often.apply(commands[at] as Command);
            assert.deepEqual(again, { applied: answers[at], change: undefined });
          }
        }
        assert.deepEqual(often.snapshot(), once.snapshot());
      },
    ),
    { seed: 3 },
  );
});

Deno.test("StoreState.restore() gives a state with the same bytes, size and answers", () => {
  fc.assert(
    fc.property(fc.array(anyTransaction, { maxLength: 20 }), (transactions) => {
      const state = new StoreState(roomy);
      const commands = transactions.map((transaction) => command([], { transaction }));
      const answers = commands.map((each) => state.apply(each).applied);
      const restored = new StoreState(roomy);
      restored.apply(command([put("user/former")]));
      restored.restore(state.snapshot());
      assert.deepEqual(restored.snapshot(), state.snapshot());
      assert.equal(restored.bytes, state.bytes);
      assert.deepEqual(contentOf(restored), contentOf(state));
      assert.deepEqual(commands.map((each) => restored.apply(each).applied), answers);
      const next = command([put("user/next")]);
      assert.deepEqual(restored.apply(next), state.apply(next));
    }),
    { seed: 4 },
  );
});

Deno.test("StoreState.restore() answers damaged bytes with DecodeError and stays as it was", () => {
  const state = new StoreState(roomy);
  for (const key of ["user/a", "user/b", "user/c"]) state.apply(command([put(key)]));
  const snapshot = state.snapshot();
  const other = new StoreState(roomy);
  other.apply(command([put("user/other")]));
  const before = other.snapshot();
  const anyDamage = fc.record({
    at: fc.nat(snapshot.length - 1),
    byte: fc.integer({ min: 0, max: 255 }),
    length: fc.integer({ min: 0, max: snapshot.length }),
  });
  fc.assert(
    fc.property(anyDamage, ({ at, byte, length }) => {
      const damaged = snapshot.slice(0, length);
      if (at < length) damaged[at] = byte;
      const restored = new StoreState(roomy);
      restored.restore(before);
      try {
        restored.restore(damaged);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
        assert.deepEqual(restored.snapshot(), before);
        return;
      }
      // Another value in the same form: as good as any other.
      const keys = restored.list("");
      assert.deepEqual(keys, [...new Set(keys)].sort());
    }),
    { seed: 5, numRuns: 2_000 },
  );
});

Deno.test("StoreState.restore() refuses another version, and keys twice or out of order", () => {
  const snapshot = (version: number, keys: string[]) => {
    const writer = new ByteWriter().u8(version).varint(1);
    writer.list(keys, (key, to) => {
      to.string(key).string("").bytes(new Uint8Array(0)).varint(1).varint(1);
    });
    return writer.varint(0).take();
  };
  const state = new StoreState(roomy);
  assert.throws(() => state.restore(snapshot(3, [])), /Snapshot version 3 is not known/);
  assert.throws(() => state.restore(snapshot(1, ["user/a", "user/a"])), /out of order/);
  assert.throws(() => state.restore(snapshot(1, ["user/b", "user/a"])), DecodeError);
  state.restore(snapshot(1, ["user/a", "user/b"]));
  assert.deepEqual(state.list(""), ["user/a", "user/b"]);
});
