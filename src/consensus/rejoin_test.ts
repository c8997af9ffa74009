import assert from "node:assert/strict";
import { Configurations } from "./quorum.ts";
import { Rejoin } from "./rejoin.ts";

const members = ["a", "b", "c", "d", "e"];
const configurations = () => new Configurations([{ from: 0, members }]);

Deno.test("Rejoin abstains from nothing without a nonce", () => {
  const rejoin = new Rejoin("a", 16, undefined);
  assert.equal(rejoin.abstainUpTo, -1);
  assert.ok(!rejoin.isAsking && !rejoin.isDue(0, 0, 60));
});

Deno.test("Rejoin.conclude() adds the window to the highest answer of a quorum", () => {
  const rejoin = new Rejoin("a", 16, "nonce");
  for (const [from, maxOpened] of [["b", 3], ["c", 9], ["d", 5]] as const) {
    rejoin.answer(from, "nonce", maxOpened);
  }
  rejoin.conclude(10, configurations());
  assert.equal(rejoin.abstainUpTo, 25);
});

Deno.test("Rejoin.conclude() waits until the log is known up to the answers", () => {
  const rejoin = new Rejoin("a", 16, "nonce");
  for (const from of ["b", "c", "d"]) rejoin.answer(from, "nonce", 9);
  rejoin.conclude(9, configurations());
  assert.ok(rejoin.isAsking);
  rejoin.conclude(10, configurations());
  assert.ok(!rejoin.isAsking);
});

Deno.test("Rejoin.conclude() counts no answers of strangers, itself or another life", () => {
  const rejoin = new Rejoin("a", 16, "nonce");
  for (const from of ["a", "x", "b", "c"]) rejoin.answer(from, "nonce", 0);
  rejoin.answer("d", "other", 0);
  rejoin.conclude(10, configurations());
  assert.ok(rejoin.isAsking);
});

Deno.test("Rejoin.conclude() needs a quorum of the members that follow", () => {
  const rejoin = new Rejoin("a", 4, "nonce");
  const known = configurations();
  known.add({ from: 10, members: ["a", "x", "y"] });
  for (const from of ["b", "c", "d"]) rejoin.answer(from, "nonce", 9);
  rejoin.conclude(10, known);
  assert.ok(rejoin.isAsking, "Members of slot 10 on may have opened more");
  for (const from of ["x", "y"]) rejoin.answer(from, "nonce", 30);
  rejoin.conclude(31, known);
  assert.equal(rejoin.abstainUpTo, 34);
});

Deno.test("Rejoin.answer() keeps the first answer, so that the goal stands still", () => {
  const rejoin = new Rejoin("a", 4, "nonce");
  for (const maxOpened of [9, 900]) {
    for (const from of ["b", "c", "d"]) rejoin.answer(from, "nonce", maxOpened);
  }
  rejoin.conclude(10, configurations());
  assert.equal(rejoin.abstainUpTo, 13);
});

Deno.test("Rejoin.isDue() asks until the node may take part", () => {
  const rejoin = new Rejoin("a", 4, "nonce");
  assert.deepEqual([0, 30, 60].map((now) => rejoin.isDue(0, now, 60)), [true, false, true]);
  for (const from of ["b", "c", "d"]) rejoin.answer(from, "nonce", 9);
  rejoin.conclude(10, configurations());
  assert.ok(rejoin.isDue(13, 120, 60));
  assert.ok(!rejoin.isDue(14, 999, 60));
});
