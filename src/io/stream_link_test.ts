import assert from "node:assert/strict";
import { defaultTransportLimits } from "../base/transport/transport.ts";
import { type ByteStream, StreamLink } from "./stream_link.ts";

/** A stream that notes what is written, and takes it when told to. */
class SlowStream implements ByteStream {
  readonly remote = { hostname: "127.0.0.1", port: 1 };
  readonly written: number[] = [];
  #taken: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  start(): void {}
  close(): void {}

  write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes.length);
    this.#waiting.shift()?.();
    return new Promise((resolve) => this.#taken.push(resolve));
  }

  /** Takes the oldest write; resolves at the next one. */
  async next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#taken.shift()?.();
    await promise;
  }
}

Deno.test("StreamLink.send() writes at the end of the turn, and at once when it is much", async () => {
  const stream = new SlowStream();
  const link = new StreamLink(stream, defaultTransportLimits, () => {});
  const frame = new Uint8Array(50_000);
  link.send(frame);
  link.send(frame);
  assert.deepEqual(stream.written, []);
  link.send(frame);
  assert.deepEqual(stream.written, [150_012]);
  // What comes while that is under way waits for it, in one piece.
  for (let i = 0; i < 4; i++) link.send(frame);
  assert.deepEqual(stream.written, [150_012]);
  assert.equal(link.queuedBytes, 350_028);
  await stream.next();
  assert.deepEqual(stream.written, [150_012, 200_016]);
  link.close();
});

Deno.test("StreamLink.send() of little is one write after the turn", async () => {
  const stream = new SlowStream();
  const link = new StreamLink(stream, defaultTransportLimits, () => {});
  for (let i = 0; i < 3; i++) link.send(Uint8Array.of(i));
  assert.deepEqual(stream.written, []);
  await stream.next();
  assert.deepEqual(stream.written, [15]);
  link.close();
});
