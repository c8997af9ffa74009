import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { type Batch, frameWidth } from "../protocol/thread/instance.ts";
import { BatchPort } from "./batch_port.ts";

/** A batch port and the raw port of its other side. */
class Pair {
  readonly frames: Batch[] = [];
  readonly malformed: string[] = [];
  readonly messages: unknown[] = [];
  readonly port: BatchPort;
  readonly #raw: MessagePort;
  #woken: () => void = () => {};

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#raw = port1;
    port1.onmessage = ({ data }) => {
      this.messages.push(data);
      this.#woken();
    };
    this.port = new BatchPort(port2, (batch, at) => {
      this.frames.push(batch.slice(at, at + frameWidth));
      this.#woken();
    }, (reason) => {
      this.malformed.push(reason);
      this.#woken();
    });
  }

  post(message: unknown): void {
    this.#raw.postMessage(message);
  }

  /** Waits for messages until something is true. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#woken = resolve);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.port.close();
    this.#raw.close();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

Deno.test("BatchPort.send() fills frames up and puts those of a turn into one message", async () => {
  await using pair = new Pair();
  pair.port.send(1, 7);
  pair.port.send(2, 8, "c", 4, null, "f", "g", Uint8Array.of(1), "i");
  await pair.until(() => pair.messages.length > 0);
  assert.deepEqual(pair.messages, [[
    ...[1, 7, null, null, null, null, null, null, null],
    ...[2, 8, "c", 4, null, "f", "g", Uint8Array.of(1), "i"],
  ]]);
  pair.port.send(3, 9);
  await pair.until(() => pair.messages.length > 1);
  assert.equal((pair.messages[1] as Batch).length, frameWidth);
});

Deno.test("BatchPort calls onFrame for each frame in order", async () => {
  await using pair = new Pair();
  const frames = [1, 2, 3].map((id) => [1, id, ...Array(frameWidth - 2).fill("x")]);
  pair.post(frames.slice(0, 2).flat());
  pair.post([]);
  pair.post(frames.slice(2).flat());
  await pair.until(() => pair.frames.length === 3);
  assert.deepEqual(pair.frames, frames);
  assert.deepEqual(pair.malformed, []);
});

Deno.test("BatchPort tells what is not a batch, and goes on", async () => {
  await using pair = new Pair();
  const wrong = [undefined, null, 5, "text", {}, { length: 9 }, [1], Array(frameWidth + 1).fill(1)];
  for (const message of wrong) pair.post(message);
  pair.post(Array(frameWidth).fill(1));
  await pair.until(() => pair.frames.length === 1);
  assert.equal(pair.malformed.length, wrong.length);
  assert.match(pair.malformed[0] ?? "", /not a batch of frames/);
});

Deno.test("BatchPort.close() sends what is queued, and drops what comes later", async () => {
  await using pair = new Pair();
  pair.port.send(1, 7);
  pair.port.close();
  pair.port.close();
  pair.port.send(1, 8);
  await pair.until(() => pair.messages.length > 0);
  assert.deepEqual(pair.messages.map((batch) => (batch as Batch)[1]), [7]);
});
