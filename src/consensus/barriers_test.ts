import assert from "node:assert/strict";
import { Barriers } from "./barriers.ts";

const configuration = { from: 0, members: ["a", "b", "c"] };
const make = () => new Barriers({ barriersMax: 3, resendMs: 60 });

Deno.test("Barriers.take() gives a barrier once the highest slot of a quorum is applied", () => {
  const barriers = make();
  barriers.begin(1);
  assert.equal(barriers.start(configuration, 0), 1);
  barriers.answer(1, "a", 3);
  assert.deepEqual(barriers.take(100, configuration), []);
  barriers.answer(1, "b", 7);
  assert.deepEqual(barriers.take(7, configuration), []);
  assert.deepEqual(barriers.take(8, configuration), [1]);
  assert.equal(barriers.size, 0);
});

Deno.test("Barriers.answer() counts members only, and each once", () => {
  const barriers = make();
  barriers.begin(1);
  barriers.start(configuration, 0);
  for (const from of ["a", "a", "stranger"]) barriers.answer(1, from, 0);
  assert.deepEqual(barriers.take(100, configuration), []);
});

Deno.test("Barriers.answer() takes no answer to another question", () => {
  const barriers = make();
  barriers.begin(2);
  barriers.start(configuration, 0);
  for (const from of ["a", "b"]) barriers.answer(1, from, 0);
  assert.deepEqual(barriers.take(100, configuration), []);
});

Deno.test("Barriers.take() asks again when the configuration changed meanwhile", () => {
  const barriers = make();
  barriers.begin(1);
  barriers.start(configuration, 0);
  for (const from of ["a", "b"]) barriers.answer(1, from, 4);
  const next = { from: 5, members: ["d"] };
  assert.deepEqual(barriers.take(5, next), []);
  assert.equal(barriers.start(next, 0), 1);
  barriers.answer(1, "d", 9);
  assert.deepEqual(barriers.take(10, next), [1]);
});

Deno.test("Barriers.start() takes no answer that is older than its newest barrier", () => {
  // Seed 4150320472: an answer from before a write was counted for a read that began after it.
  const next = { from: 5, members: ["a", "b", "d"] };
  for (const isAnswered of [false, true]) {
    const barriers = make();
    barriers.begin(1);
    const first = barriers.start(configuration, 0);
    assert.equal(first, 1);
    if (isAnswered) { for (const from of ["a", "b"]) barriers.answer(1, from, 4); }
    barriers.begin(2);
    if (isAnswered) barriers.take(5, next);
    const second = isAnswered ? barriers.start(next, 60) : barriers.due(next, 60);
    assert.equal(second, 2);
    for (const from of ["a", "b"]) barriers.answer(1, from, 4);
    assert.deepEqual(barriers.take(100, next), []);
    for (const from of ["a", "d"]) barriers.answer(2, from, 6);
    assert.deepEqual(barriers.take(6, next), []);
    assert.deepEqual(barriers.take(7, next).toSorted(), [1, 2]);
  }
});

Deno.test("Barriers.due() asks again after a time, of new members if there are", () => {
  const barriers = make();
  barriers.begin(1);
  barriers.start(configuration, 0);
  assert.equal(barriers.due(configuration, 59), undefined);
  assert.equal(barriers.due(configuration, 60), 1);
  assert.equal(barriers.due(configuration, 61), undefined);
  const next = { from: 5, members: ["d"] };
  assert.equal(barriers.due(next, 120), 1);
  barriers.answer(1, "d", 0);
  assert.deepEqual(barriers.take(1, next), [1]);
});

Deno.test("Barriers.start() lets those that come while one asks share the next round", () => {
  const barriers = make();
  for (const id of [1, 2]) barriers.begin(id);
  assert.equal(barriers.start(configuration, 0), 2);
  barriers.begin(3);
  assert.equal(barriers.start(configuration, 0), undefined);
  for (const from of ["a", "b"]) barriers.answer(2, from, 0);
  assert.deepEqual(barriers.take(1, configuration), [1, 2]);
  assert.equal(barriers.start(configuration, 0), 3);
});

Deno.test("Barriers.begin() refuses more than the limit", () => {
  const barriers = make();
  assert.deepEqual([1, 2, 3, 4].map((id) => barriers.begin(id)), [true, true, true, false]);
});
