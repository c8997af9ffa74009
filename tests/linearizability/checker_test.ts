/**
 * The linearizability checker against every order tried one by one, and against known histories.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../src/base/random.ts";
import { checkLinearizable } from "./checker.ts";
import {
  register,
  type RegisterCall,
  type RegisterOperation,
  type RegisterResult,
  settle,
} from "./register.ts";

function isExplainable(history: readonly RegisterOperation[]): boolean {
  return checkLinearizable(history, register).isLinearizable;
}

/** Tries every order of every choice of the operations whose outcome is unknown. */
function bruteForce(history: readonly RegisterOperation[]): boolean {
  const search = (left: readonly RegisterOperation[], state = register.initial): boolean => {
    const completed = left.filter(({ result }) => result !== undefined);
    if (completed.length === 0) return true;
    const firstReturn = Math.min(...completed.map(({ returnedAt }) => returnedAt));
    return left.some((operation) => {
      if (operation.calledAt > firstReturn) return false;
      const after = register.step(state, operation.call, operation.result);
      return after !== undefined && search(left.filter((each) => each !== operation), after);
    });
  };
  return search(history);
}

function randomHistory(random: SeededRandom): RegisterOperation[] {
  const times = Array.from({ length: 12 }, () => random.nextBelow(20));
  const values = ["a", "b", "c", undefined];
  const pick = () => values[random.nextBelow(values.length)];
  return Array.from({ length: 2 + random.nextBelow(5) }, (_, index) => {
    const calledAt = times[2 * index] ?? 0;
    const isUnknown = random.nextBelow(5) === 0;
    const returnedAt = isUnknown ? Infinity : calledAt + (times[2 * index + 1] ?? 0);
    const kind = random.nextBelow(3);
    const call: RegisterCall = kind === 0
      ? { type: "write", value: pick() }
      : kind === 1
      ? { type: "read" }
      : { type: "exchange", expected: pick(), value: pick() ?? "d" };
    const result: RegisterResult = kind === 0
      ? { type: "written" }
      : kind === 1
      ? { type: "read", value: pick() }
      : { type: "exchanged", succeeded: random.nextBelow(2) === 0 };
    return { key: "k", call, result: isUnknown ? undefined : result, calledAt, returnedAt };
  });
}

Deno.test("checkLinearizable() agrees with every order tried on 20,000 small histories", () => {
  const random = new SeededRandom("linearizability");
  const counts = { yes: 0, no: 0 };
  for (let round = 0; round < 20_000; round++) {
    const history = randomHistory(random);
    const expected = bruteForce(history);
    assert.equal(isExplainable(history), expected, JSON.stringify(history));
    counts[expected ? "yes" : "no"]++;
  }
  assert.ok(counts.yes > 2_000 && counts.no > 2_000, JSON.stringify(counts));
});

/** A history in which every write has a value of its own. */
function withUniqueValues(history: readonly RegisterOperation[]): RegisterOperation[] {
  return history.map((operation, index) => {
    const { call } = operation;
    // Expected values and reads keep "a" to "d": the first four writes.
    const value = ["a", "b", "c", "d", "e", "f"][index];
    if (call.type === "read" || value === undefined) return operation;
    if (call.type === "write" && call.value === undefined) return operation;
    return { ...operation, call: { ...call, value } };
  });
}

Deno.test("settle() changes no verdict on 20,000 small histories", () => {
  const random = new SeededRandom("settle");
  const counts = { yes: 0, no: 0, settled: 0 };
  for (let round = 0; round < 20_000; round++) {
    const history = withUniqueValues(randomHistory(random));
    const settled = settle(history);
    const expected = bruteForce(history);
    assert.equal(isExplainable(settled), expected, JSON.stringify(history));
    counts[expected ? "yes" : "no"]++;
    const unknown = (each: RegisterOperation) => each.result === undefined;
    if (settled.filter(unknown).length < history.filter(unknown).length) counts.settled++;
  }
  assert.ok(Math.min(counts.yes, counts.no, counts.settled) > 2_000, JSON.stringify(counts));
});

const write = (value: string, calledAt: number, returnedAt: number): RegisterOperation => ({
  key: "k",
  call: { type: "write", value },
  result: returnedAt === Infinity ? undefined : { type: "written" },
  calledAt,
  returnedAt,
});
const read = (
  value: string | undefined,
  calledAt: number,
  returnedAt: number,
): RegisterOperation => ({
  key: "k",
  call: { type: "read" },
  result: { type: "read", value },
  calledAt,
  returnedAt,
});
const exchange = (
  expected: string,
  value: string,
  succeeded: boolean,
  [calledAt, returnedAt]: readonly [number, number],
): RegisterOperation => ({
  key: "k",
  call: { type: "exchange", expected, value },
  result: { type: "exchanged", succeeded },
  calledAt,
  returnedAt,
});

const bad: Record<string, RegisterOperation[]> = {
  "a stale read": [write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)],
  "a read from the future": [read("a", 0, 1), write("a", 2, 3)],
  "reads that see two writes in different orders": [
    write("a", 0, 9),
    write("b", 0, 9),
    read("a", 1, 2),
    read("b", 3, 4),
    read("a", 5, 6),
  ],
  "a lost write": [write("a", 0, 1), read(undefined, 2, 3)],
  "two exchanges of the same value": [
    write("a", 0, 1),
    exchange("a", "b", true, [2, 3]),
    exchange("a", "c", true, [4, 5]),
  ],
  "an unknown write that comes and goes": [
    write("a", 0, 1),
    write("b", 2, Infinity),
    read("b", 3, 4),
    read("a", 5, 6),
  ],
};

const good: Record<string, RegisterOperation[]> = {
  "an unknown write that takes effect much later": [
    write("a", 0, 1),
    write("b", 2, Infinity),
    read("a", 3, 4),
    read("b", 50, 51),
  ],
  "an unknown write that never takes effect": [
    write("a", 0, 1),
    write("b", 2, Infinity),
    read("a", 50, 51),
  ],
  "concurrent writes seen in either order": [
    write("a", 0, 9),
    write("b", 0, 9),
    read("b", 1, 2),
    read("a", 3, 4),
  ],
  "an exchange that fails": [write("a", 0, 1), exchange("b", "c", false, [2, 3]), read("a", 4, 5)],
};

for (const [name, history] of Object.entries(bad)) {
  Deno.test(`checkLinearizable() refuses ${name}`, () => assert.ok(!isExplainable(history)));
}
for (const [name, history] of Object.entries(good)) {
  Deno.test(`checkLinearizable() accepts ${name}`, () => assert.ok(isExplainable(history)));
}

Deno.test("checkLinearizable() checks each key for itself and names the bad one", () => {
  const other = write("z", 0, 1);
  const history = [{ ...other, key: "fine" }, ...bad["a stale read"] ?? []];
  const verdict = checkLinearizable(history, register);
  assert.deepEqual(verdict, {
    isLinearizable: false,
    key: "k",
    explained: 2,
    operations: 3,
    isGivenUp: false,
  });
});

Deno.test("checkLinearizable() checks 2,000 operations of ten clients on a key", () => {
  const random = new SeededRandom("long");
  const history: RegisterOperation[] = [];
  let value: string | undefined;
  // Operations take effect at whole numbers and span up to ten of them.
  for (let moment = 0; moment < 2_000; moment++) {
    const calledAt = moment - random.nextFloat() * 5;
    const returnedAt = moment + random.nextFloat() * 5;
    if (random.nextBelow(2) === 0) {
      value = `v${moment}`;
      history.push(write(value, calledAt, returnedAt));
    } else history.push(read(value, calledAt, returnedAt));
  }
  assert.ok(isExplainable(history));
});
