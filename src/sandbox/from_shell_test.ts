import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../base/errors.ts";
import type { FromShell } from "../protocol/thread/instance.ts";
import { readFromShell } from "./from_shell.ts";

Deno.test("readFromShell() takes what a shell sends, also after cloning", () => {
  const issues = [{ path: "a", message: "It is wrong", line: 3 }, { path: "", message: "" }];
  const problem = new AetherError("SLICE_INVALID", "It is not valid", { issues }).toProblem();
  const messages: FromShell[] = [
    { type: "ready" },
    { type: "stopped" },
    { type: "pong", sequence: 7, memory: { heapBytes: 1, externalBytes: 0 }, ready: true },
    { type: "failed", problem },
    { type: "failed", problem: new AetherError("INTERNAL", "").toProblem("r1") },
  ];
  for (const message of messages) {
    assert.deepEqual(readFromShell(structuredClone(message)), message);
  }
});

Deno.test("readFromShell() drops everything else", () => {
  const wrong = [
    undefined,
    null,
    0,
    "ready",
    [],
    {},
    { type: "other" },
    { type: "failed" },
    {
      type: "failed",
      problem: null,
    },
    { type: "failed", problem: { name: "INTERNAL" } },
    { type: "pong" },
  ];
  for (const message of wrong) assert.equal(readFromShell(message), undefined);
  fc.assert(
    fc.property(fc.anything(), (message) => void readFromShell(message)),
    { seed: 1 },
  );
});
