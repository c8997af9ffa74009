import assert from "node:assert/strict";
import { exitOf } from "./exit.ts";

Deno.test("exitOf() says why a process ended", () => {
  const heap = "# Fatal JavaScript out of memory: Ineffective mark-compacts near heap limit\n";
  const refused = "# Fatal JavaScript out of memory: Scavenger: semi-space copy\n";
  const cases = [
    [{ code: 133, signal: "SIGTRAP" }, heap, "heap", /more than its 64 MiB/],
    [{ code: 133, signal: "SIGTRAP" }, refused, "memory", /refused more memory/],
    [{ code: 137, signal: "SIGKILL" }, "", "killed", /ended by SIGKILL$/],
    [{ code: 134, signal: "SIGABRT" }, "one\nlast\n", "killed", /SIGABRT; its last words: last$/],
    [{ code: 3, signal: null }, "", "exit", /exit code 3$/],
    [{ code: 1, signal: null }, "error: No module\n", "exit", /last words: error: No module$/],
  ] as const;
  for (const [status, words, reason, detail] of cases) {
    const exit = exitOf(status, words, 64);
    assert.equal(exit.reason, reason);
    assert.match(exit.detail, detail);
  }
});
