import assert from "node:assert/strict";
import { Deadlines } from "../base/deadlines.ts";
import { ManualClock } from "../base/clock.ts";
import { decodeText, readBytes } from "./body.ts";

const clock = new ManualClock();
const limits = { maxBytes: 4, idleTimeoutMs: 10_000, deadlines: new Deadlines(clock) };

function requestOf(chunks: readonly number[][], headers: Record<string, string> = {}): Request {
  const body = ReadableStream.from(chunks.map((chunk) => Uint8Array.from(chunk)));
  return new Request("http://127.0.0.1/", { method: "PUT", body, headers });
}

Deno.test("readBytes() joins the pieces of a body", async () => {
  assert.deepEqual(await readBytes(requestOf([]), limits), new Uint8Array());
  assert.deepEqual(await readBytes(requestOf([[1, 2]]), limits), Uint8Array.of(1, 2));
  assert.deepEqual(
    await readBytes(requestOf([[1], [2, 3], [4]]), limits),
    Uint8Array.of(1, 2, 3, 4),
  );
  const none = new Request("http://127.0.0.1/", { method: "PUT" });
  assert.deepEqual(await readBytes(none, limits), new Uint8Array());
});

Deno.test("readBytes() refuses what is larger, declared or not, and names the limit", async () => {
  const error = { name: "BODY_TOO_LARGE", message: /the limit of 4B \(4 bytes\)/ };
  await assert.rejects(readBytes(requestOf([[1, 2], [3, 4], [5]]), limits), error);
  await assert.rejects(readBytes(requestOf([[1]], { "content-length": "5" }), limits), error);
});

Deno.test("readBytes() stops reading a body that is too large", async () => {
  let pulled = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(3));
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  const request = new Request("http://127.0.0.1/", { method: "PUT", body });
  await assert.rejects(readBytes(request, limits), { name: "BODY_TOO_LARGE" });
  assert.equal(pulled, 2);
  assert.equal(cancelled, true);
});

Deno.test("readBytes() gives up when no byte comes any more", async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(Uint8Array.of(1));
    },
  });
  const request = new Request("http://127.0.0.1/", { method: "PUT", body });
  const reading = assert.rejects(readBytes(request, limits), {
    name: "BODY_TIMEOUT",
    message: /for 10000 ms, the limit of management\.requestTimeout/,
  });
  await new Promise((resolve) => setTimeout(resolve));
  clock.advance(10_100);
  await reading;
});

Deno.test("readBytes() reads a small declared body whole, and gives up on it too", async () => {
  const headers = { "content-length": "2" };
  assert.deepEqual(await readBytes(requestOf([[1], [2]], headers), limits), Uint8Array.of(1, 2));
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>();
  const silent = new Request("http://127.0.0.1/", { method: "PUT", body, headers });
  const reading = assert.rejects(readBytes(silent, limits), { name: "BODY_TIMEOUT" });
  clock.advance(10_100);
  await reading;
});

Deno.test("decodeText() takes UTF-8 and nothing else", () => {
  assert.equal(decodeText(new TextEncoder().encode("Grüße 世界")), "Grüße 世界");
  assert.throws(() => decodeText(Uint8Array.of(0xff)), { name: "REQUEST_INVALID" });
});
