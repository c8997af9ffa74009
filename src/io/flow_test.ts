import assert from "node:assert/strict";
import { type FlowEnd, FlowReceiver, FlowSender, flowWindow, type Message } from "./flow.ts";

const piece = new Uint8Array(64 * 1024);
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A sender and the receiver it talks to, in one turn. */
function pair(isFull: () => boolean = () => false) {
  const sent: Message[] = [];
  const ends: FlowEnd[] = [];
  let cancelled = 0;
  const receiver = new FlowReceiver((cost) => sender.credit(cost), () => cancelled++);
  const sender: FlowSender = new FlowSender({
    data: (message) => {
      if (isFull()) return false;
      sent.push(message);
      assert.ok(receiver.push(message), "There was room");
      return true;
    },
    end: (end) => {
      ends.push(end);
      receiver.end(end);
    },
  });
  return { sender, receiver, sent, ends, cancelled: () => cancelled };
}

Deno.test("FlowSender.send() waits for a reader beyond the window", async () => {
  const { sender, receiver, sent } = pair();
  const sending = (async () => {
    for (let count = 0; count < 20; count++) await sender.send(piece);
    sender.end();
  })();
  await turn();
  assert.equal(sent.length, Math.ceil(flowWindow / (piece.length + 32)), "what fits");
  let read = 0;
  for await (const message of receiver.messages) read += message.length;
  assert.equal(read, 20 * piece.length);
  await sending;
});

Deno.test("FlowReceiver refuses what is sent without room", () => {
  const receiver = new FlowReceiver(() => {}, () => {});
  let taken = 0;
  while (receiver.push(piece)) taken++;
  assert.equal(taken, 4);
  const empties = new FlowReceiver(() => {}, () => {});
  for (taken = 0; empties.push("") && taken <= flowWindow; taken++);
  assert.equal(taken, flowWindow / 32, "Empty messages count as well");
});

Deno.test("FlowSender waits for a full output until wake(), keeping the order", async () => {
  let full = true;
  const { sender, receiver, sent, ends } = pair(() => full);
  const first = sender.send("a");
  const second = sender.send("b");
  sender.end({ code: 4000, reason: "bye" });
  assert.deepEqual([sent, ends, sender.waiting], [[], [], 2]);
  full = false;
  sender.wake();
  assert.deepEqual(await Promise.all([first, second]), [true, true]);
  const read: Message[] = [];
  for await (const message of receiver.messages) read.push(message);
  assert.deepEqual([read, receiver.ended], [["a", "b"], { code: 4000, reason: "bye" }]);
  assert.equal(await sender.send("c"), false, "after the end");
});

Deno.test("FlowSender.close() ends what waits", async () => {
  const { sender } = pair(() => true);
  const waiting = sender.send("a");
  sender.close();
  assert.deepEqual([await waiting, await sender.send("b")], [false, false]);
});

Deno.test("FlowReceiver.fail() and a failed end reach the reader", async () => {
  const failed = new FlowReceiver(() => {}, () => {});
  const reading = failed.messages.getReader().read();
  failed.fail(new Error("Gone"));
  await assert.rejects(reading, /Gone/);
  const ended = new FlowReceiver(() => {}, () => {});
  ended.push("a");
  ended.end({ code: 1, reason: "broken" });
  const reader = ended.messages.getReader();
  assert.equal((await reader.read()).value, "a");
  await assert.rejects(reader.read(), /broken/);
});

Deno.test("FlowReceiver says when its reader cancels", async () => {
  const { receiver, cancelled } = pair();
  await receiver.messages.cancel();
  assert.equal(cancelled(), 1);
  assert.ok(receiver.push("late"), "What was under way does no harm");
});
