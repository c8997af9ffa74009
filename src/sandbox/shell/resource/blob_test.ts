import assert from "node:assert/strict";
import { limits } from "../../../protocol/limits.ts";
import { blob, type BlobHandle } from "../../../sdk/resource/blob.ts";
import { createResource } from "./handles.ts";
import type { ResourcePort } from "./port.ts";
import { withPort } from "./port_fixture_test.ts";

function blobOf(port: ResourcePort): BlobHandle {
  return createResource("photos", blob("photos"), port) as BlobHandle;
}

const stat = { key: "a", sizeBytes: 3, sha256: "", contentType: "text/plain", storedAtMs: 1 };
const done = { ok: true, result: null };

Deno.test("blob() sends a stream in pieces, one after the other, and commits at its end", async () => {
  const answer = ({ op }: Record<string, unknown>) =>
    op === "begin" ? { ok: true, result: 7 } : op === "commit" ? { ok: true, result: stat } : done;
  await withPort(answer, async (port, requests) => {
    const max = limits.blobPieceBytes;
    let pulled = 0;
    async function* source() {
      for (; pulled < 4; pulled++) {
        // What was given before is with the node when more is asked for.
        const sent = requests.filter(({ op }) => op === "write").length;
        assert.equal(sent, Math.floor(pulled * 0.75));
        yield new Uint8Array(max * 0.75).fill(pulled);
        await Promise.resolve();
      }
    }
    assert.deepEqual(await blobOf(port).put("a", source(), { contentType: "text/plain" }), stat);
    const shown = requests.map(({ op, key, contentType, bytes, id: _ }) =>
      bytes === undefined ? [op, key, contentType] : [op, (bytes as Uint8Array).length]
    );
    assert.deepEqual(shown, [
      ["begin", "a", "text/plain"],
      ["write", max],
      ["write", max],
      ["write", max],
      ["commit", undefined, undefined],
    ]);
  });
});

Deno.test("blob() gives an upload up when its source or the node fails", async () => {
  const refused = {
    ok: false,
    problem: { title: "BLOB_TOO_LARGE", code: "E5056", detail: "Much" },
  };
  const answer = ({ op }: Record<string, unknown>) =>
    op === "begin" ? { ok: true, result: 1 } : op === "write" ? refused : done;
  await withPort(answer, async (port, requests) => {
    const photos = blobOf(port);
    await assert.rejects(photos.put("a", "text"), { message: "Much" });
    // deno-lint-ignore require-yield -- it fails
    const failing = (async function* (): AsyncGenerator<Uint8Array> {
      throw await Promise.resolve(new Error("No source"));
    })();
    await assert.rejects(photos.put("a", failing), /No source/);
    await assert.rejects(photos.put("a", ReadableStream.from(["text"]) as never), TypeError);
    assert.deepEqual(requests.map(({ op }) => op), [
      ...["begin", "write", "abort"],
      ...["begin", "abort"],
      ...["begin", "abort"],
    ]);
  });
});

Deno.test("blob() reads piece by piece, and cancels what nobody reads further", async () => {
  const pieces = [Uint8Array.of(97), Uint8Array.of(98, 99), null];
  let at = 0;
  const answer = ({ op, key }: Record<string, unknown>) => {
    if (op === "open") return { ok: true, result: key === "a" ? { stream: 3, stat } : null };
    return { ok: true, result: op === "next" ? pieces[at++] : null };
  };
  await withPort(answer, async (port, requests) => {
    const photos = blobOf(port);
    assert.equal(await photos.get("b"), undefined);
    const found = await photos.get("a", { range: { first: 1, last: 3 } });
    assert.deepEqual([found?.sizeBytes, found?.contentType], [3, "text/plain"]);
    assert.equal(requests.length, 2);
    assert.equal(await found?.text(), "abc");
    at = 0;
    const partly = (await photos.get("a"))?.stream.getReader();
    await partly?.read();
    await partly?.cancel();
    assert.deepEqual(requests.slice(1).map(({ id: _, resource: __, ...request }) => request.op), [
      ...["open", "next", "next", "next"],
      ...["open", "next", "cancel"],
    ]);
    assert.deepEqual([requests[1]?.["first"], requests[1]?.["last"]], [1, 3]);
  });
});
