import assert from "node:assert/strict";
import { type Batch, frame } from "../../protocol/thread/instance.ts";
import { InstanceCall } from "./call.ts";
import { OpenCalls } from "./open_calls.ts";

/** A call that counts what waits for its end. */
class Counted extends InstanceCall {
  waiting = 0;

  constructor() {
    super("r1", 60_000, "", () => {});
  }

  override onEnd(callback: () => void): () => void {
    this.waiting++;
    const forget = super.onEnd(callback);
    return () => {
      this.waiting--;
      forget();
    };
  }
}

Deno.test("OpenCalls keeps nothing in a call of the streams that it has read", async () => {
  const call = new Counted();
  const open = new OpenCalls(() => undefined);
  const ended = open.receive(-1, call);
  const left = open.receive(-2, call);
  open.receive(-3, call);
  assert.equal(call.waiting, 3);
  open.onFrame([frame.end, -1, 0, "", null, null, null, null, null] satisfies Batch, 0);
  assert.deepEqual(await ended.getReader().read(), { done: true, value: undefined });
  assert.equal(call.waiting, 2);
  await left.cancel();
  assert.equal(call.waiting, 1);
  open.closeAll();
  assert.equal(call.waiting, 0);
});

Deno.test("OpenCalls ends the streams that a call reads with the call, also with one that is over", async () => {
  const call = new Counted();
  const open = new OpenCalls(() => undefined);
  const reading = open.receive(-1, call).getReader().read();
  call.end();
  await assert.rejects(reading, { name: "CALL_ENDED" });
  await assert.rejects(open.receive(-2, call).getReader().read(), { name: "CALL_ENDED" });
});
