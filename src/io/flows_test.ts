import assert from "node:assert/strict";
import { Flows, pump } from "./flows.ts";
import type { Message } from "./flow.ts";

/** Two ends of one channel. */
function channel(): readonly [Flows, Flows] {
  const ends: Flows[] = [];
  const make = (other: number) =>
    new Flows({
      data: (id, message) => {
        queueMicrotask(() => ends[other]?.onData(id, message));
        return true;
      },
      end: (id, end) => queueMicrotask(() => ends[other]?.onEnd(id, end)),
      credit: (id, cost) => queueMicrotask(() => ends[other]?.onCredit(id, cost)),
    });
  const near = make(1);
  const far = make(0);
  ends.push(near, far);
  return [near, far];
}

async function* source(count: number, size: number): AsyncGenerator<Message> {
  for (let index = 0; index < count; index++) yield new Uint8Array(size).fill(index);
}

Deno.test("pump() carries more than a window of several calls at once", async () => {
  const [near, far] = channel();
  const sums = await Promise.all([1, 2, 3].map(async (id) => {
    const { messages } = far.openReceiver(id, () => {});
    const pumping = pump(source(10, 100_000), near.openSender(id));
    let sum = 0;
    for await (const message of messages) sum += message.length;
    await pumping;
    return sum;
  }));
  assert.deepEqual(sums, [1_000_000, 1_000_000, 1_000_000]);
});

Deno.test("pump() ends its source when nobody reads any more", async () => {
  const [near, far] = channel();
  far.openReceiver(1, () => {});
  let ended = false;
  async function* endless(): AsyncGenerator<Message> {
    try {
      for (;;) yield new Uint8Array(64 * 1024);
    } finally {
      ended = true;
    }
  }
  const pumping = pump(endless(), near.openSender(1));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(ended, false);
  near.close(1, new Error("Gone"));
  await pumping;
  assert.equal(ended, true);
});

Deno.test("Flows.closeAll() fails readers, and unknown calls are told apart", async () => {
  const [, far] = channel();
  const { messages } = far.openReceiver(1, () => {});
  const reading = messages.getReader().read();
  far.openSender(2);
  assert.deepEqual([far.onData(2, "x"), far.onData(3, "x"), far.size], [true, false, 2]);
  far.closeAll(new Error("Gone"));
  await assert.rejects(reading, /Gone/);
  assert.equal(far.size, 0);
});
