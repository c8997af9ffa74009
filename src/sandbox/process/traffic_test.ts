import assert from "node:assert/strict";
import { type Batch, frame, replyKind } from "../../protocol/thread/instance.ts";
import { Traffic } from "./traffic.ts";

function frameOf(kind: number, id: number, ...rest: Batch): Batch {
  const all: Batch = [kind, id, ...rest];
  while (all.length < 9) all.push(null);
  return all;
}

Deno.test("Traffic lets each call be answered once, and nothing else", () => {
  const traffic = new Traffic();
  traffic.sent([...frameOf(frame.call, 1), ...frameOf(frame.call, 2)]);
  const answer = frameOf(frame.reply, 1, 1, 200, "{}");
  const forged = frameOf(frame.reply, 7, 1, 200, "{}");
  assert.deepEqual(traffic.received([...answer, ...forged]), answer);
  assert.deepEqual(traffic.received(answer), []);
  // Also after the gateway has given it up.
  traffic.sent(frameOf(frame.abort, 2));
  assert.equal(traffic.received(frameOf(frame.reply, 2)).length, 9);
  assert.equal(traffic.excess, undefined);
});

Deno.test("Traffic lets the stream of a call pass until its end", () => {
  const traffic = new Traffic();
  const data = frameOf(frame.data, 1, "x");
  assert.deepEqual(traffic.received(data), [], "there is no such call");
  traffic.sent(frameOf(frame.call, 1));
  const passed = [
    frameOf(frame.credit, 1, 5),
    frameOf(frame.reply, 1, replyKind.stream, 200, "text/csv"),
    data,
    frameOf(frame.end, 1, 0, ""),
  ];
  for (const each of passed) assert.deepEqual(traffic.received(each), each);
  for (const each of passed) assert.deepEqual(traffic.received(each), [], "after the end");
});

Deno.test("Traffic lets a process read and leave the stream that answers its call", () => {
  const traffic = new Traffic();
  const credit = frameOf(frame.credit, -3, 5);
  const abort = frameOf(frame.abort, -3);
  traffic.received(frameOf(frame.invoke, 3, "org.example:echo"));
  assert.deepEqual(traffic.received([...credit, ...abort]), [], "nothing has answered it");
  traffic.sent(frameOf(frame.reply, 3, replyKind.stream, 200, "text/csv"));
  for (let n = 0; n < 200; n++) assert.deepEqual(traffic.received(credit), credit);
  assert.deepEqual(traffic.received(abort), abort);
  assert.deepEqual(traffic.received([...credit, ...abort]), [], "it was left");
  traffic.sent(frameOf(frame.reply, 4, replyKind.stream, 200, "text/csv"));
  traffic.sent(frameOf(frame.end, -4, 0, ""));
  // What crosses with the end is no nonsense.
  const late = frameOf(frame.credit, -4, 5);
  for (let n = 0; n < 200; n++) assert.deepEqual(traffic.received(late), []);
  assert.equal(traffic.excess, undefined);
  for (let n = 0; n < 101; n++) assert.deepEqual(traffic.received(frameOf(frame.abort, 5)), []);
  assert.match(traffic.excess ?? "", /no shell sends/);
});

Deno.test("Traffic ends a process that sends nonsense", () => {
  for (const nonsense of [5, null, "x", [1, 2, 3], frameOf(99, 1), frameOf(frame.call, 1)]) {
    const traffic = new Traffic();
    for (let n = 0; n < 100; n++) assert.deepEqual(traffic.received(nonsense), []);
    assert.equal(traffic.excess, undefined);
    traffic.malformed();
    assert.match(traffic.excess ?? "", /no shell sends/);
  }
});

Deno.test("Traffic bounds the calls that wait", () => {
  const traffic = new Traffic();
  const invoke = frameOf(frame.invoke, 1, "org.example:echo");
  for (let n = 0; n < 20_000; n++) {
    traffic.received(invoke);
    traffic.sent(frameOf(frame.reply, 1));
  }
  assert.equal(traffic.excess, undefined);
  for (let n = 0; n <= 10_000; n++) traffic.received(invoke);
  assert.match(traffic.excess ?? "", /more than 10000 of its calls wait/);
});

Deno.test("Traffic bounds the resource requests that wait", () => {
  const traffic = new Traffic();
  const request = { op: "entry", id: 1, resource: "kv", key: "a" };
  for (let n = 0; n < 20_000; n++) {
    assert.equal(traffic.requests(request, 0), true);
    traffic.answered();
  }
  assert.equal(traffic.requests("x", 0), false);
  for (let n = 0; n <= 10_000; n++) traffic.requests(request, 0);
  assert.match(traffic.excess ?? "", /resource requests/);
});

Deno.test("Traffic lets 2000 log lines a second pass and ends a flood", () => {
  const traffic = new Traffic();
  const line = { op: "log", level: "info", message: "x", fields: "{}" };
  let passed = 0;
  for (let n = 0; n < 5_000; n++) if (traffic.requests(line, 0)) passed++;
  for (let n = 0; n < 5_000; n++) if (traffic.requests(line, 1_000)) passed++;
  assert.equal(passed, 4_000);
  assert.equal(traffic.excess, undefined);
  for (let n = 0; n < 100_000; n++) traffic.requests(line, 1_000);
  assert.match(traffic.excess ?? "", /floods the log/);
});
