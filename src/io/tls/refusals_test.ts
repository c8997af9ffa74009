import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { createLogger } from "../../sdk/logger.ts";
import { type Refusal, Refusals } from "./refusals.ts";

function setUp() {
  const lines: string[] = [];
  const clock = new ManualClock();
  const log = createLogger((_, message, fields) => lines.push(`${message} ${fields.peer}`));
  return { lines, clock, refusals: new Refusals(log, clock) };
}

const late: Refusal = { kind: "time", reason: "It has expired" };

Deno.test("Refusals counts all and logs each reason of a peer once", () => {
  const { lines, refusals } = setUp();
  for (let i = 0; i < 100; i++) refusals.note("a", "from", { ...late, reason: `It is ${i}` });
  refusals.note("a", "to", late);
  refusals.note("b", "from", late);
  refusals.note("b", "from", { kind: "handshake", reason: "It failed" });
  assert.deepEqual(refusals.counts, { time: 102, handshake: 1 });
  assert.deepEqual(lines, [
    "A connection from a peer was refused a",
    "A connection to a peer was refused a",
    "A connection from a peer was refused b",
    "A connection from a peer was refused b",
  ]);
});

Deno.test("Refusals logs again after a connection that worked, and after a while", () => {
  const { lines, clock, refusals } = setUp();
  refusals.note("a", "from", late);
  refusals.forget("a");
  refusals.note("a", "from", late);
  refusals.note("a", "from", late);
  assert.equal(lines.length, 2);
  clock.advance(10 * 60_000);
  refusals.note("a", "from", late);
  assert.equal(lines.length, 3);
});

Deno.test("Refusals bears any number of peers", () => {
  const { lines, refusals } = setUp();
  for (let i = 0; i < 10_000; i++) refusals.note(`host-${i}`, "from", late);
  assert.deepEqual(refusals.counts, { time: 10_000 });
  assert.equal(lines.length, 256);
});
