/** What every clock and every random source must do, run on the system's and on the twins. */
import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/assert.ts";
import { type Clock, ManualClock } from "../../src/base/clock.ts";
import { type Random, SeededRandom } from "../../src/base/random.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemRandom } from "../../src/io/random.ts";

interface ClockHarness {
  readonly clock: Clock;
  /** Waits until a promise settles, moving time where that is needed. */
  readonly until: <T>(promise: Promise<T>) => Promise<T>;
}

function manual(): ClockHarness {
  const clock = new ManualClock();
  return { clock, until: (promise) => (clock.advance(1000), promise) };
}

function system(): ClockHarness {
  return { clock: systemClock(), until: (promise) => promise };
}

for (const [name, make] of [["ManualClock", manual], ["systemClock()", system]] as const) {
  Deno.test(`${name}: timers fire in order, not early, cancelled ones never`, async () => {
    const { clock, until } = make();
    const startMs = clock.monotonicMs();
    const seen: string[] = [];
    const done = Promise.withResolvers<number>();
    const cancelled = clock.setTimer(5, () => seen.push("cancelled"));
    clock.setTimer(30, () => {
      seen.push("late");
      done.resolve(clock.monotonicMs() - startMs);
    });
    clock.setTimer(1, () => seen.push("early"));
    cancelled.cancel();
    assert.deepEqual(seen, [], "no timer fires within the turn that set it");
    const tookMs = await until(done.promise);
    assert.deepEqual(seen, ["early", "late"]);
    assert.ok(tookMs >= 29, `${tookMs} ms`); // the system rounds to whole milliseconds
  });

  Deno.test(`${name}: a delay of 40 days does not fire at once`, async () => {
    const { clock, until } = make();
    const long = clock.setTimer(40 * 86_400_000, () => assert.fail("It fired"));
    const done = Promise.withResolvers<void>();
    clock.setTimer(20, done.resolve);
    await until(done.promise);
    long.cancel();
  });

  Deno.test(`${name}: wall time is plausible and impossible delays are refused`, () => {
    const { clock } = make();
    assert.ok(clock.wallMs() >= Date.UTC(2025, 0, 1));
    for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => clock.setTimer(delayMs, () => {}), InvariantError);
    }
  });
}

const randoms: [string, () => Random][] = [
  ["SeededRandom", () => new SeededRandom("conformance")],
  ["systemRandom()", systemRandom],
];

for (const [name, make] of randoms) {
  Deno.test(`${name}: every kind of number stays in its range and varies`, () => {
    const random = make();
    const words = Array.from({ length: 3000 }, () => random.nextUint32());
    assert.ok(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32));
    assert.ok(new Set(words).size > 2990);
    const floats = Array.from({ length: 1000 }, () => random.nextFloat());
    assert.ok(floats.every((float) => float >= 0 && float < 1));
    const dice = new Set(Array.from({ length: 1000 }, () => random.nextBelow(6)));
    assert.deepEqual([...dice].sort(), [0, 1, 2, 3, 4, 5]);
    assert.throws(() => random.nextBelow(0), InvariantError);
  });

  Deno.test(`${name}: bytes() gives so many, and uses all 256 values`, () => {
    const random = make();
    for (const count of [0, 1, 7, 70_000]) assert.equal(random.bytes(count).length, count);
    assert.equal(new Set(random.bytes(70_000)).size, 256);
    assert.ok(random.bytes(70_000).subarray(-1000).some((byte) => byte !== 0));
  });
}
