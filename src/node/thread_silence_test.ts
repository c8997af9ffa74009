import assert from "node:assert/strict";
import { ThreadSilence } from "./thread_silence.ts";

Deno.test("ThreadSilence is the time since the last answer", () => {
  const silence = new ThreadSilence(500, { nowMs: 0, waitedMs: 3 });
  assert.equal(silence.ask({ nowMs: 500, waitedMs: 3 }), 500);
  assert.equal(silence.ask({ nowMs: 1_000, waitedMs: 3 }), 1_000);
  silence.answered({ nowMs: 1_100, waitedMs: 3 });
  assert.equal(silence.ask({ nowMs: 1_500, waitedMs: 3 }), 400);
});

Deno.test("ThreadSilence does not count the time for which the thread got no processor", () => {
  const silence = new ThreadSilence(500, { nowMs: 0, waitedMs: 0 });
  assert.equal(silence.ask({ nowMs: 500, waitedMs: 480 }), 20);
  assert.equal(silence.ask({ nowMs: 1_000, waitedMs: 900 }), 100);
  silence.answered({ nowMs: 1_200, waitedMs: 1_000 });
  // It is stuck: it computes, or waits for something else.
  assert.equal(silence.ask({ nowMs: 1_600, waitedMs: 1_000 }), 400);
});

Deno.test("ThreadSilence does not count a pause of the whole process", () => {
  const silence = new ThreadSilence(500, { nowMs: 0, waitedMs: 0 });
  assert.equal(silence.ask({ nowMs: 500, waitedMs: 0 }), 500);
  assert.equal(silence.ask({ nowMs: 60_000, waitedMs: 0 }), 0);
  assert.equal(silence.ask({ nowMs: 60_500, waitedMs: 0 }), 500);
});

Deno.test("ThreadSilence does not change when nobody can say how long the thread waited", () => {
  const silence = new ThreadSilence(500, { nowMs: 0, waitedMs: 5_000 });
  assert.equal(silence.ask({ nowMs: 500, waitedMs: undefined }), 500);
  silence.answered({ nowMs: 600, waitedMs: undefined });
  assert.equal(silence.ask({ nowMs: 1_000, waitedMs: 5_100 }), 300);
  assert.equal(silence.ask({ nowMs: 1_500, waitedMs: 5_100 }), 800);
});
