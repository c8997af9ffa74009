import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import { Deadlines } from "../base/deadlines.ts";
import { AetherError } from "../base/errors.ts";
import { streamedBody } from "./upload.ts";

function bodyOf(body: ReadableStream<Uint8Array> | string, headers: Record<string, string> = {}) {
  const clock = new ManualClock();
  const request = new Request("http://a/", { method: "PUT", body, headers });
  const opened = streamedBody(request, { idleTimeoutMs: 100, deadlines: new Deadlines(clock) });
  return { clock, opened };
}

const tooLarge = (bytes: string) => new AetherError("ARTIFACT_TOO_LARGE", `It has ${bytes}`);

Deno.test("streamedBody() gives the bytes as they come, up to the limit", async () => {
  const { opened } = bodyOf("hello");
  assert.equal(await new Response(opened.open(5, tooLarge).stream).text(), "hello");
  const longer = bodyOf("hello").opened.open(4, tooLarge);
  await assert.rejects(new Response(longer.stream).text(), /more than 4/);
  assert.equal(longer.failure()?.name, "ARTIFACT_TOO_LARGE");
});

Deno.test("streamedBody() refuses a body by what the client says of it", () => {
  const { opened } = bodyOf("hello", { "content-length": "5" });
  assert.equal(opened.declaredBytes, 5);
  assert.throws(() => opened.open(4, tooLarge), { message: "It has 5" });
});

Deno.test("streamedBody() gives up a client that is silent, or gone", async () => {
  let cancelled = false;
  const silent = new ReadableStream<Uint8Array>({
    pull: () => new Promise(() => {}),
    cancel: () => {
      cancelled = true;
    },
  });
  const { opened, clock } = bodyOf(silent);
  const { stream, failure } = opened.open(10, tooLarge);
  const reading = assert.rejects(new Response(stream).text(), /100 ms/);
  await Promise.resolve();
  clock.advance(101);
  await reading;
  assert.equal(failure()?.name, "BODY_TIMEOUT");
  assert.ok(cancelled);
  const gone = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("Connection reset")),
  });
  const second = bodyOf(gone).opened.open(10, tooLarge);
  await assert.rejects(new Response(second.stream).text());
  assert.equal(second.failure()?.name, "CALL_ENDED");
});
