import assert from "node:assert/strict";
import fc from "fast-check";
import { headProblem, readHead, type ResponseHead } from "./response_head.ts";

fc.configureGlobal({ seed: 34 });

Deno.test("headProblem() lets through what a slice may say", () => {
  const head: ResponseHead = {
    status: 302,
    headers: [
      ["location", "/urls/ü"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["cache-control", "max-age=60"],
      ["content-type", "text/html"],
    ],
  };
  assert.equal(headProblem(head), undefined);
  assert.deepEqual(readHead(JSON.stringify(head)), head);
});

Deno.test("headProblem() refuses what belongs to the gateway or splits an answer", () => {
  const names = ["connection", "transfer-encoding", "content-length", "x-aether-a", "x-request-id"];
  names.push("access-control-allow-origin", "server", "upgrade", "te", "A", "a b", "", "a:");
  for (const name of names) {
    assert.notEqual(headProblem({ headers: [[name, "1"]] }), undefined, name);
  }
  for (const value of ["a\r\nb: c", "a\n", "\0", "\u{2028}"]) {
    assert.notEqual(headProblem({ headers: [["x-a", value]] }), undefined, value);
  }
  for (const status of [99, 101, 199, 500, 200.5, NaN]) {
    assert.notEqual(headProblem({ status, headers: [] }), undefined, String(status));
  }
  const many = Array.from({ length: 33 }, () => ["x-a", ""] as const);
  assert.notEqual(headProblem({ headers: many }), undefined);
  assert.notEqual(headProblem({ headers: [["x-a", "x".repeat(8_193)]] }), undefined);
});

Deno.test("readHead() answers undefined for everything else", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    const head = readHead(text);
    assert.ok(head === undefined || headProblem(head) === undefined);
  }));
  const bad = ["{}", "null", '{"headers":{}}', '{"headers":[["a"]]}', '{"headers":[["a",1]]}'];
  bad.push('{"status":"200","headers":[]}', '{"headers":[["connection","x"]]}');
  for (const text of bad) assert.equal(readHead(text), undefined, text);
});
