import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";
import { AetherError } from "./errors.ts";

fc.configureGlobal({ seed: 34 });

Deno.test("parseDuration() reads every unit and compounds in descending order", () => {
  const expected: Record<string, number> = {
    "0": 0,
    "0s": 0,
    "1ms": 1,
    "500ms": 500,
    "30s": 30_000,
    "1m": 60_000,
    "1m30s": 90_000,
    "2h": 7_200_000,
    "1d": 86_400_000,
    "2w": 1_209_600_000,
    "1w2d3h4m5s6ms": 788_645_006,
    "90s": 90_000,
    "1h1ms": 3_600_001,
  };
  for (const [text, ms] of Object.entries(expected)) assert.equal(parseDuration(text), ms, text);
});

const wrong: Record<string, string> = {
  "": 'Duration "" is empty; write for example 30s',
  "-5s": 'Duration "-5s" is negative; write zero or more',
  "30": 'Duration "30" has no unit; write 30s for seconds or 30ms for milliseconds',
  "1s2s": 'Duration "1s2s" has the unit "s" twice; add them up',
  "1s1m": 'Duration "1s1m" has "1m" after a shorter unit; write the longest unit first',
  "1ms1s": 'Duration "1ms1s" has "1s" after a shorter unit; write the longest unit first',
  "5min": 'Duration "5min" has the unknown unit "min"; use w, d, h, m, s or ms',
  "30S": 'Duration "30S" has the unknown unit "S"; use w, d, h, m, s or ms',
  "10µs": 'Duration "10µs" has the unknown unit "µs"; use w, d, h, m, s or ms',
  "1.5h": 'Duration "1.5h" has a fraction; write whole numbers, for example 1m30s or 1500ms',
  "1m 30s": 'Duration "1m 30s" contains a space; write for example 1m30s',
  "soon": 'Duration "soon" is not a number and a unit; write for example 500ms, 30s or 1m30s',
  "1m30": 'Duration "1m30" is not a number and a unit; write for example 500ms, 30s or 1m30s',
  "s": 'Duration "s" is not a number and a unit; write for example 500ms, 30s or 1m30s',
};

for (const [text, message] of Object.entries(wrong)) {
  Deno.test(`parseDuration() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseDuration(text), { name: "DURATION_INVALID", code: "E1004", message });
  });
}

Deno.test("parseDuration() refuses what overflows and what is too long a text", () => {
  assert.throws(() => parseDuration("99999999999999999w"), {
    name: "DURATION_INVALID",
    message: /"99999999999999999w" is too long; write at most 14892855w/,
  });
  assert.throws(() => parseDuration("9".repeat(100_000) + "s"), { name: "DURATION_INVALID" });
});

Deno.test("formatDuration() writes the longest units first and nothing that is zero", () => {
  assert.equal(formatDuration(0), "0s");
  assert.equal(formatDuration(1_500), "1s500ms");
  assert.equal(formatDuration(3_600_000), "1h");
  assert.throws(() => formatDuration(-1), RangeError);
  assert.throws(() => formatDuration(1.5), RangeError);
});

Deno.test("parseDuration() undoes formatDuration() for every whole number", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (ms) => {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }));
});

Deno.test("parseDuration() adds up any descending choice of units", () => {
  const units: [string, number][] = [
    ["w", 604_800_000],
    ["d", 86_400_000],
    ["h", 3_600_000],
    [
      "m",
      60_000,
    ],
    ["s", 1_000],
    ["ms", 1],
  ];
  const counts = fc.array(fc.option(fc.nat(999)), { minLength: 6, maxLength: 6 });
  fc.assert(fc.property(counts, (chosen) => {
    let text = "";
    let expected = 0;
    units.forEach(([unit, size], index) => {
      const count = chosen[index];
      if (count === null || count === undefined) return;
      text += `${count}${unit}`;
      expected += count * size;
    });
    fc.pre(text !== "");
    assert.equal(parseDuration(text), expected);
  }));
});

Deno.test("parseDuration() answers any text with a number or DURATION_INVALID", () => {
  const nearly = fc.stringMatching(/^[-0-9.wdhms ]{0,12}$/);
  fc.assert(fc.property(fc.oneof(fc.string(), nearly), (text) => {
    try {
      const ms = parseDuration(text);
      assert.ok(Number.isSafeInteger(ms) && ms >= 0);
    } catch (error) {
      assert.ok(error instanceof AetherError);
      assert.equal(error.name, "DURATION_INVALID");
      assert.match(error.message, /write|use|add/);
    }
  }));
});
