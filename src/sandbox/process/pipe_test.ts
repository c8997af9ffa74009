import assert from "node:assert/strict";
import { DecodeError } from "../../base/codec.ts";
import { encodeMessage, messagesOf, pipeKind, PipeWriter } from "./pipe.ts";

function streamOf(...chunks: Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

Deno.test("messagesOf() gives back what encodeMessage() made, however it is cut", async () => {
  const bytes = encodeMessage(pipeKind.batch, [1, 2, "x", null, Uint8Array.of(9)]);
  const more = encodeMessage(pipeKind.life, { type: "stop" });
  const all = new Uint8Array([...bytes, ...more]);
  for (const cut of [1, 4, 7, all.length]) {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < all.length; at += cut) chunks.push(all.slice(at, at + cut));
    const found = await Array.fromAsync(messagesOf(streamOf(...chunks), 1_000));
    assert.deepEqual(found.map(({ kind }) => kind), [pipeKind.batch, pipeKind.life]);
    assert.deepEqual(found[0]?.value, [1, 2, "x", null, Uint8Array.of(9)]);
  }
});

Deno.test("messagesOf() refuses what is no message", async () => {
  const large = encodeMessage(pipeKind.batch, ["x".repeat(2_000)]);
  const garbage = new TextEncoder().encode("FORGED FRAME, SAYS A SLICE\n");
  const trailing = Uint8Array.of(3, 0, 0, 0, pipeKind.life, 0, 0);
  for (const bytes of [large, garbage, trailing]) {
    await assert.rejects(Array.fromAsync(messagesOf(streamOf(bytes), 1_000)), DecodeError);
  }
});

Deno.test("PipeWriter.send() keeps the order and joins what belongs to one turn", async () => {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = new PipeWriter(writable);
  const chunks: number[] = [];
  const counted = readable.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array>({
      transform(chunk, controller) {
        chunks.push(chunk.length);
        controller.enqueue(chunk);
      },
    }),
  );
  for (const n of [1, 2, 3]) writer.send(pipeKind.resource, n);
  assert.ok(writer.queuedBytes > 0);
  const messages = messagesOf(counted, 1_000);
  const values = [];
  for (let n = 0; n < 3; n++) values.push((await messages.next()).value?.value);
  assert.deepEqual(values, [1, 2, 3]);
  assert.equal(chunks.length, 1);
  assert.equal(writer.queuedBytes, 0);
  await writer.close();
  writer.send(pipeKind.resource, 4);
  await messages.return(undefined).catch(() => {});
});
