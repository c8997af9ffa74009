import assert from "node:assert/strict";
import fc from "fast-check";
import { dueAfter, passOver, timingProblem } from "./timing.ts";

fc.configureGlobal({ seed: 34 });

const iso = (ms: number | undefined) => ms === undefined ? undefined : new Date(ms).toISOString();

/** The next due times of a cron expression. */
function dues(
  cron: string,
  from: string,
  count: number,
  timeZone?: string,
): (string | undefined)[] {
  let at: number | undefined = Date.parse(from);
  return Array.from({ length: count }, () => iso(at = dueAfter({ cron, timeZone }, at ?? NaN)));
}

Deno.test("timingProblem() says what to write instead", () => {
  assert.equal(timingProblem({ every: "1s" }), undefined);
  assert.equal(timingProblem({ every: "2w" }), undefined);
  assert.equal(timingProblem({ cron: "*/5 0-6,22 * 1-6 MON-FRI" }), undefined);
  assert.equal(timingProblem({ cron: "0 3 * * *", timeZone: "Europe/Berlin" }), undefined);
  for (
    const [timing, message] of [
      [{}, /^Write either an interval/],
      [{ every: "5m", cron: "0 3 * * *" }, /^Write either an interval/],
      [{ every: "5" }, /has no unit; write 5s/],
      [{ every: "999ms" }, /^Interval "999ms" is out of range: write 1s to 366d$/],
      [{ every: "53w" }, /out of range/],
      [{ every: "5m", timeZone: "UTC" }, /^An interval has no time zone/],
      [{ cron: "0 3 * *" }, /has 4 fields, not 5/],
      [{ cron: "0 0 3 * * *" }, /has 6 fields, not 5/],
      [{ cron: "@daily" }, /has 1 fields, not 5/],
      [{ cron: "60 * * * *" }, /is not valid: Invalid value for minute: 60/],
      [{ cron: "0 0 31 2 *" }, /never comes true/],
      [{ cron: "0 3 * * *", timeZone: "Europe/Nowhere" }, /^"Europe\/Nowhere" is no time zone/],
    ] as const
  ) {
    assert.match(timingProblem(timing) ?? "", message, JSON.stringify(timing));
  }
});

Deno.test("dueAfter() takes either of both days, like every cron", () => {
  // The first of the month, or a Monday; 2026-06-01 is both.
  assert.deepEqual(dues("0 0 1 * 1", "2026-05-25T00:00:00Z", 3), [
    "2026-06-01T00:00:00.000Z",
    "2026-06-08T00:00:00.000Z",
    "2026-06-15T00:00:00.000Z",
  ]);
  assert.equal(
    iso(dueAfter({ cron: "0 0 29 2 *" }, Date.UTC(2026, 0, 1))),
    "2028-02-29T00:00:00.000Z",
  );
});

Deno.test("dueAfter() is once when a time of the zone is skipped or comes twice", () => {
  const zone = "Europe/Berlin";
  assert.deepEqual(dues("30 2 * * *", "2026-03-28T00:00:00Z", 3, zone), [
    "2026-03-28T01:30:00.000Z",
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
  assert.deepEqual(dues("30 2 * * *", "2026-10-24T00:00:00Z", 3, zone), [
    "2026-10-24T00:30:00.000Z",
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:30:00.000Z",
  ]);
});

Deno.test("dueAfter() of a step is the same as a naive search", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 59 }),
    fc.integer({ min: 0, max: 10_000_000 }),
    (step, minute) => {
      const found = dueAfter({ cron: `*/${step} * * * *` }, minute * 60_000 + 1);
      let naive = minute + 1;
      while (naive % 60 % step !== 0) naive++;
      assert.equal(found, naive * 60_000);
    },
  ));
});

Deno.test("passOver() counts due times and finds the first that is left", () => {
  assert.deepEqual(passOver({ every: "1s" }, 5_000, 5_000), { count: 0, nextMs: 5_000 });
  assert.deepEqual(passOver({ every: "1s" }, 5_000, 7_500), { count: 3, nextMs: 8_000 });
  const cron = "*/10 * * * *";
  assert.deepEqual(passOver({ cron }, 600_000, 1_500_000), { count: 2, nextMs: 1_800_000 });
  const many = passOver({ cron: "* * * * *" }, 60_000, 86_400_000 * 365);
  assert.deepEqual(many, { count: 1_000, nextMs: 86_400_000 * 365 });
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 0, max: 100_000 }),
    fc.integer({ min: 0, max: 100_000 }),
    (seconds, due, until) => {
      const { count, nextMs } = passOver({ every: `${seconds}s` }, due, until);
      assert.equal(nextMs, due + count * seconds * 1_000);
      assert.ok((nextMs ?? 0) >= until && (count === 0 || (nextMs ?? 0) - seconds * 1_000 < until));
    },
  ));
});
