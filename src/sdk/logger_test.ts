import assert from "node:assert/strict";
import { createLogger, logLevels } from "./logger.ts";

Deno.test("createLogger() hands level, message and fields to the sink", () => {
  const lines: unknown[] = [];
  const log = createLogger((...line) => lines.push(line));
  for (const level of logLevels) log[level](`a ${level}`, { n: 1 });
  assert.deepEqual(lines, logLevels.map((level) => [level, `a ${level}`, { n: 1 }]));
});

Deno.test("createLogger() adds its fixed fields, which a line may replace", () => {
  const lines: unknown[] = [];
  const log = createLogger((_level, _message, fields) => lines.push(fields), { id: "r1", n: 0 });
  log.info("plain");
  log.info("more", { n: 1 });
  assert.deepEqual(lines, [{ id: "r1", n: 0 }, { id: "r1", n: 1 }]);
});
