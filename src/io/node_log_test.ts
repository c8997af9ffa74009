import assert from "node:assert/strict";
import fc from "fast-check";
import type { Config } from "../protocol/config/config.ts";
import { logLevels } from "../sdk/logger.ts";
import { createNodeLogger } from "./node_log.ts";

type Run = (log: ReturnType<typeof createNodeLogger>) => void;

/** What a run writes to standard error; `write` says how many bytes the system takes at once. */
function written(
  config: Partial<Config["log"]>,
  run: Run,
  write: (bytes: Uint8Array) => number = (bytes) => bytes.length,
): string {
  const bytes: number[] = [];
  Object.defineProperty(Deno.stderr, "writeSync", {
    configurable: true,
    value: (chunk: Uint8Array) => {
      const count = write(chunk);
      bytes.push(...chunk.subarray(0, count));
      return count;
    },
  });
  try {
    run(createNodeLogger({ level: "trace", format: "text", ...config }, "n1"));
  } finally {
    Reflect.deleteProperty(Deno.stderr, "writeSync");
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** A text line without its time. */
function textOf(run: Run): string {
  return written({}, run).replace(/^\S+ /, "");
}

Deno.test("createNodeLogger() writes text lines for people", () => {
  const text = written({}, (log) => {
    log.info("Started", { port: 8080, host: "a b" });
    log.error('It said "no"');
  });
  const [first = "", second = "", end] = text.split("\n");
  assert.match(first, /^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {2}n1: Started port=8080 host="a b"$/);
  assert.match(second, / ERROR n1: It said "no"$/);
  assert.equal(end, "");
});

Deno.test("createNodeLogger() writes JSON lines for machines", () => {
  const text = written({ format: "json" }, (log) => log.warn("Slow", { ms: 5, tags: ["a"] }));
  const { time, ...line } = JSON.parse(text);
  assert.ok(Number.isFinite(Date.parse(time)));
  assert.deepEqual(line, { level: "warn", source: "n1", message: "Slow", ms: 5, tags: ["a"] });
});

Deno.test("createNodeLogger() writes the levels from the configured one on", () => {
  for (const [index, level] of logLevels.entries()) {
    const lines = written({ level, format: "json" }, (log) => {
      for (const each of logLevels) log[each]("Hello");
    }).trim().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).level), logLevels.slice(index));
  }
  const none = written({ level: "off" }, (log) => {
    for (const each of logLevels) log[each]("Hello");
  });
  assert.equal(none, "");
});

Deno.test("createNodeLogger() lets a field not pass for the line's own", () => {
  const fields = { time: "0", level: "error", source: "supervisor", message: "Forged", n: 1 };
  const { time, ...line } = JSON.parse(
    written({ format: "json" }, (log) => log.info("Real", fields)),
  );
  assert.notEqual(time, "0");
  assert.deepEqual(line, { level: "info", source: "n1", message: "Real", n: 1 });
});

Deno.test("createNodeLogger() keeps one line per entry without control codes, whatever comes", () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      "\n",
      "\r",
      "\u001b[2J",
      "\u009b2J",
      "\u2028",
      "\u202e",
      '"',
      "\\",
      "a",
      "=",
    ),
  });
  fc.assert(
    fc.property(
      nasty,
      fc.dictionary(nasty, nasty),
      fc.constantFrom("text" as const, "json" as const),
      (message, fields, format) => {
        const text = written({ format }, (log) => log.info(message, fields));
        // deno-lint-ignore no-control-regex -- that is what is looked for
        assert.match(text, /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]*\n$/);
      },
    ),
    { seed: 1 },
  );
  assert.equal(textOf((log) => log.info("a\nb", { "x\ny": 1 })), 'INFO  n1: a\\nb "x\\ny"=1\n');
  assert.equal(textOf((log) => log.info("\u009b\u202e")), "INFO  n1: \\u009b\\u202e\n");
});

Deno.test("createNodeLogger() cuts a long message", () => {
  const { message } = JSON.parse(
    written({ format: "json" }, (log) => log.info("x".repeat(20_000))),
  );
  assert.equal(message.length, 16_384);
  assert.equal(
    textOf((log) => log.info("x".repeat(20_000))).length,
    "INFO  n1: \n".length + 16_384,
  );
});

Deno.test("createNodeLogger() writes a line to its end, and survives a closed pipe", () => {
  const text = written({}, (log) => log.info("Hello ü"), (bytes) => Math.min(3, bytes.length));
  assert.match(text, /Hello ü\n$/);
  const nothing = written({}, (log) => log.info("Hello"), () => {
    throw new Deno.errors.BrokenPipe();
  });
  assert.equal(nothing, "");
});
