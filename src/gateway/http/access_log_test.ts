import assert from "node:assert/strict";
import { createLogger } from "../../sdk/logger.ts";
import { AccessLog } from "./access_log.ts";

function logOf(accessLog: "off" | "errors" | "all", accessLogPerSecond = 100) {
  const lines: string[] = [];
  const log = new AccessLog(
    createLogger((level, message, fields) => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    }),
  );
  log.configure({ accessLog, accessLogPerSecond });
  return { log, lines };
}

const entry = {
  method: "GET",
  path: "/urls/a",
  status: 200,
  durationMs: 1.23456,
  requestId: "r1",
  client: "203.0.113.7",
};

Deno.test("AccessLog.wants() follows the configuration, and nothing without a logger", () => {
  const wants = (log: AccessLog) => [log.isOn, log.wants(200), log.wants(500)];
  assert.deepEqual(wants(logOf("off").log), [false, false, false]);
  assert.deepEqual(wants(logOf("errors").log), [true, false, true]);
  assert.deepEqual(wants(logOf("all").log), [true, true, true]);
  const silent = new AccessLog(undefined);
  silent.configure({ accessLog: "all", accessLogPerSecond: 1 });
  assert.deepEqual(wants(silent), [false, false, false]);
});

Deno.test("AccessLog.write() writes fields, and counts what is beyond its limit", () => {
  const { log, lines } = logOf("all", 2);
  for (let count = 0; count < 5; count++) log.write(entry, 0);
  log.write({ ...entry, path: `/${"x".repeat(1_000)}` }, 1_000);
  assert.equal(lines.length, 4);
  assert.equal(
    lines[0],
    'info Request {"method":"GET","path":"/urls/a","status":200,"durationMs":1.2,' +
      '"requestId":"r1","client":"203.0.113.7"}',
  );
  assert.equal(lines[2], 'warn Requests were left out of the access log {"leftOut":3}');
  assert.ok(lines[3]!.length < 700);
});
