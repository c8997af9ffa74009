import assert from "node:assert/strict";
import { join } from "node:path";
import { ManualClock } from "../../base/clock.ts";
import { boundLog, moveLog } from "./bounded_log.ts";

Deno.test("moveLog() moves what is too much, and what is appended goes on from there", async () => {
  const dir = await Deno.makeTempDir({ prefix: "aether-log-" });
  try {
    const file = join(dir, "node.log");
    using log = await Deno.open(file, { create: true, append: true });
    await log.write(new TextEncoder().encode("one\n"));
    assert.equal(await moveLog(file, 4), false);
    await log.write(new TextEncoder().encode("two\n"));
    assert.equal(await moveLog(file, 4), true);
    await log.write(new TextEncoder().encode("three\n"));
    assert.equal(await Deno.readTextFile(`${file}.1`), "one\ntwo\n");
    assert.equal(await Deno.readTextFile(file), "three\n");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("boundLog() goes on without the file, until it is stopped", async () => {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const bounded = boundLog("/nonexistent/node.log", clock, stopping.signal);
  stopping.abort();
  await bounded;
  assert.equal(clock.pendingTimers, 0);
});
