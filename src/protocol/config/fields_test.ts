import assert from "node:assert/strict";
import fc from "fast-check";
import type { z } from "zod";
import { boolean, byteSize, choice, durationMs, filePath, integer, list, text } from "./fields.ts";

fc.configureGlobal({ seed: 34 });

function rule(schema: z.ZodType, value: unknown): string {
  const result = schema.safeParse(value);
  assert.equal(result.success, false, `${JSON.stringify(value)} should be refused`);
  assert.equal(result.error?.issues.length, 1);
  return result.error?.issues[0]?.message ?? "";
}

Deno.test("durationMs() gives milliseconds and says what to write instead", () => {
  const field = durationMs({ minimum: "1ms", maximum: "1h" });
  assert.equal(field.parse("1m30s"), 90_000);
  assert.equal(field.parse("1h"), 3_600_000);
  assert.equal(rule(field, 30), 'write a text with a unit, for example "30s"');
  assert.equal(rule(field, "30"), "it has no unit; write 30s for seconds or 30ms for milliseconds");
  const bounds = 'write a duration as text, for example "30s" or "1m30s", from 1ms to 1h';
  assert.equal(rule(field, "0"), bounds);
  assert.equal(rule(field, "1h1ms"), bounds);
  assert.equal(rule(field, true), bounds);
  assert.equal(rule(field, -5), bounds);
});

Deno.test("byteSize() gives bytes and says what to write instead", () => {
  const field = byteSize({ minimum: "1KiB", maximum: "1MiB" });
  assert.equal(field.parse("1MiB"), 1_048_576);
  assert.equal(rule(field, 1024), 'write a text with a unit, for example "1024B"');
  assert.equal(rule(field, "1mb"), 'it has the unknown unit "mb"; write 1MB or 1MiB');
  assert.match(rule(field, "2MiB"), /from 1KiB to 1MiB/);
  assert.match(rule(field, "1B"), /from 1KiB to 1MiB/);
});

Deno.test("integer() refuses fractions, texts and what is out of range with one rule", () => {
  const field = integer(1, 10);
  assert.equal(field.parse(10), 10);
  for (const value of [0, 11, 1.5, "5", NaN, Infinity, null]) {
    assert.equal(rule(field, value), "write a whole number from 1 to 10, without quotes");
  }
});

Deno.test("text(), choice(), boolean(), filePath() and list() state their rules", () => {
  assert.equal(rule(text(/^a$/, "a", "write a"), "b"), "write a");
  assert.equal(rule(text(/^a$/, "a", "write a"), 1), "write a");
  assert.equal(rule(choice(["on", "off"]), "On"), 'write one of "on", "off"');
  assert.equal(rule(boolean(), "true"), "write true or false, without quotes");
  assert.equal(rule(filePath(), ""), "write the path of a file or folder as text");
  assert.match(rule(list(filePath(), "paths"), "a"), /^write a list/);
  assert.equal(
    rule(list(filePath(), "paths"), Array(1001).fill("a")),
    "write at most 1000 elements",
  );
});

Deno.test("durationMs() and byteSize() refuse any value without throwing", () => {
  const fields = [
    durationMs({ minimum: "0", maximum: "1w" }),
    byteSize({ minimum: "0", maximum: "1TiB" }),
  ];
  fc.assert(fc.property(fc.anything(), (value) => {
    for (const field of fields) {
      const result = field.safeParse(value);
      assert.ok(!result.success || Number.isSafeInteger(result.data));
    }
  }));
});
