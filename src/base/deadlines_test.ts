import assert from "node:assert/strict";
import { ManualClock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";

const late = () => new Error("Late");

Deno.test("Deadlines.within() answers what the work comes to", async () => {
  const deadlines = new Deadlines(new ManualClock());
  assert.equal(await deadlines.within(Promise.resolve(7), 50, late), 7);
  const broken = deadlines.within(Promise.reject(new Error("Broken")), 50, late);
  await assert.rejects(broken, /Broken/);
});

Deno.test("Deadlines.within() ends at the first check after the time, each by its own", async () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const work = Promise.withResolvers<string>();
  const short = deadlines.within(work.promise, 150, late);
  const long = deadlines.within(work.promise, 1_000, late);
  clock.advance(100);
  clock.advance(100);
  await assert.rejects(short, /Late/);
  work.resolve("done");
  assert.equal(await long, "done");
  clock.advance(5_000);
});

Deno.test("Deadlines rests while nothing waits, and checks again afterwards", async () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  await deadlines.within(Promise.resolve(), 50, late);
  clock.advance(10_000);
  const next = deadlines.within(new Promise(() => {}), 50, late);
  clock.advance(100);
  await assert.rejects(next, /Late/);
});
