import assert from "node:assert/strict";
import type { StreamMessage } from "../protocol/api/row.ts";
import { eventStream, messageText } from "./event_stream.ts";

/** Messages that the test hands out. */
class Source implements AsyncIterableIterator<StreamMessage> {
  readonly #waiting: ((result: IteratorResult<StreamMessage>) => void)[] = [];
  asked = 0;
  isEnded = false;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<StreamMessage>> {
    this.asked++;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<StreamMessage>> {
    this.isEnded = true;
    return Promise.resolve({ done: true, value: undefined });
  }

  give(value: StreamMessage | undefined): void {
    const resolve = this.#waiting.shift();
    resolve?.(value === undefined ? { done: true, value } : { done: false, value });
  }
}

const slow = { heartbeatMs: 60_000, stallMs: 60_000 };
const message = { type: "change", revision: 7 };

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { value, done } = await reader.read();
  return done ? undefined : new TextDecoder().decode(value);
}

Deno.test("messageText() is one event with type and revision", () => {
  assert.equal(
    messageText({ type: "a", revision: 1, text: "x\ny" } as StreamMessage),
    'id: 1\nevent: a\ndata: {"type":"a","revision":1,"text":"x\\ny"}\n\n',
  );
});

Deno.test("eventStream() asks for a message only when the last one was taken", async () => {
  const source = new Source();
  const reader = eventStream(source, slow).getReader();
  const first = read(reader);
  await Promise.resolve();
  assert.equal(source.asked, 1);
  source.give(message);
  assert.equal(await first, messageText(message));
  assert.equal(source.asked, 1);
  const last = read(reader);
  await Promise.resolve();
  source.give(undefined);
  assert.equal(await last, undefined);
});

Deno.test("eventStream() sends comments while there is no message, and loses none", async () => {
  const source = new Source();
  const reader = eventStream(source, { ...slow, heartbeatMs: 1 }).getReader();
  assert.equal(await read(reader), ": alive\n\n");
  assert.equal(await read(reader), ": alive\n\n");
  assert.equal(source.asked, 1);
  source.give(message);
  assert.equal(await read(reader), messageText(message));
  await reader.cancel();
  assert.ok(source.isEnded);
});

Deno.test("eventStream() cuts a reader that takes nothing", async () => {
  const source = new Source();
  const reader = eventStream(source, { ...slow, stallMs: 1 }).getReader();
  const first = read(reader);
  await Promise.resolve();
  source.give(message);
  await first;
  await assert.rejects(reader.closed, /took nothing for 1 ms/);
  assert.ok(source.isEnded);
});
