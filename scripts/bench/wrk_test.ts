import assert from "node:assert/strict";
import { parseResult } from "./wrk.ts";

Deno.test("parseResult() finds the line of the script among wrk's own", () => {
  const line = '{"requests":10,"seconds":1.5,"p50Us":400,"p99Us":900,"errors":0}';
  assert.deepEqual(parseResult(`Running 2s test\nRequests/sec: 5\nRESULT ${line}\n`), {
    requests: 10,
    seconds: 1.5,
    p50Us: 400,
    p99Us: 900,
    errors: 0,
  });
  assert.throws(
    () => parseResult("unable to connect"),
    /No result in the output of wrk: unable to connect/,
  );
});
