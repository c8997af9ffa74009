import assert from "node:assert/strict";
import { cpuMs, isThreadAlive, newWorkerThread, threadIds, waitedMs } from "./worker_threads.ts";

const code = `onmessage = () => { for (const end = Date.now() + 60; Date.now() < end;); close() };
  postMessage("ready")`;

/** A worker and its thread: not clear when another test of this process starts one meanwhile. */
function startWorker(): { readonly worker: Worker; readonly thread: number } {
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  for (let i = 0; i < 100; i++) {
    const before = threadIds();
    assert.ok(before.size > 0);
    const worker = new Worker(url, { type: "module" });
    const thread = newWorkerThread(before);
    if (thread !== undefined) return { worker, thread };
    worker.terminate();
  }
  throw new Error("The thread of a new worker was never found");
}

Deno.test("newWorkerThread() finds the thread of a new worker, and whether it has ended", async () => {
  const { worker, thread } = startWorker();
  await new Promise((resolve) => worker.onmessage = resolve);
  assert.equal(isThreadAlive(thread), true);
  const waited = waitedMs(thread) ?? 0;
  assert.ok(waited > 0, "Even on an idle machine some microseconds");
  const startMs = cpuMs({ thread }) ?? NaN;
  worker.postMessage("work");
  while (isThreadAlive(thread)) {
    const now = cpuMs({ thread });
    if (now !== undefined) assert.ok(now >= startMs);
    const waitedNow = waitedMs(thread);
    if (waitedNow !== undefined) assert.ok(waitedNow >= waited);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  worker.terminate();
  assert.equal(cpuMs({ thread }), undefined);
  assert.equal(waitedMs(thread), undefined);
});

Deno.test("newWorkerThread() answers nothing when no worker was made", () => {
  // Other tests of this process may make one meanwhile, but not every time.
  const found = Array.from({ length: 100 }, () => newWorkerThread(threadIds()));
  assert.ok(found.includes(undefined));
  assert.equal(newWorkerThread(new Set()), undefined);
});

Deno.test("cpuMs() measures a whole process", () => {
  const before = cpuMs({ process: Deno.pid }) ?? NaN;
  const used = () => (cpuMs({ process: Deno.pid }) ?? NaN) - before;
  // On a busy machine it may take long to get a little of a processor.
  for (const end = performance.now() + 10_000; used() < 20 && performance.now() < end;);
  assert.ok(used() >= 20);
  assert.equal(cpuMs({ process: 2 ** 30 }), undefined);
});
