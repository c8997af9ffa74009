import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import type { StreamMessage } from "../protocol/api/row.ts";
import { apiTable } from "../protocol/api/table.ts";
import { readEvents } from "./event_stream.ts";

const row = apiTable.kvWatch;

function bodyOf(...chunks: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
}

async function all(body: ReadableStream<Uint8Array>, idleMs = 1_000): Promise<StreamMessage[]> {
  return await Array.fromAsync(readEvents(row, body, { idleMs }));
}

const first = 'id: 1\nevent: progress\ndata: {"type":"progress","revision":1}\n\n';

Deno.test("readEvents() reads messages however the bytes are cut, and ignores comments", async () => {
  const text = `${first}: alive\n\ndata: {"type":"change","revision":2,"events":[` +
    '{"key":"ü","op":"delete"}]}\n\n';
  const bytes = new TextEncoder().encode(text);
  for (let cut = 1; cut < bytes.length; cut += 7) {
    const body = ReadableStream.from([bytes.subarray(0, cut), bytes.subarray(cut)]);
    assert.deepEqual(await all(body), [
      { type: "progress", revision: 1 },
      { type: "change", revision: 2, events: [{ key: "ü", op: "delete" }] },
    ]);
  }
});

Deno.test("readEvents() refuses a message that the row does not promise", async () => {
  for (const data of ["{", '{"type":"other","revision":1}', '{"type":"progress"}']) {
    await assert.rejects(
      all(bodyOf(`data: ${data}\n\n`)),
      (error) =>
        error instanceof AetherError && error.name === "INTERNAL" && /is odd/.test(error.message),
    );
  }
});

Deno.test("readEvents() ends with UNREACHABLE when the connection breaks or is silent", async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new TypeError("Reset")),
  });
  await assert.rejects(all(broken), { name: "UNREACHABLE", message: /broke: Reset/ });
  const silent = new ReadableStream<Uint8Array>();
  await assert.rejects(all(silent, 1), { name: "UNREACHABLE", message: /nothing for 1 ms/ });
});
