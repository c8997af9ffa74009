import assert from "node:assert/strict";
import { fakeBlob } from "./fake_blob.ts";

Deno.test("fakeBlob() keeps what a stream has, and gives any part of it", async () => {
  const photos = fakeBlob();
  const stream = ReadableStream.from(
    ["ab", "", "cde"].map((text) => new TextEncoder().encode(text)),
  );
  const stat = await photos.put("a/1", stream, { contentType: "text/plain" });
  assert.deepEqual([stat.sizeBytes, stat.contentType], [5, "text/plain"]);
  assert.equal(stat.sha256, "36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c");
  const part = async (range?: { first: number; last?: number }) =>
    await (await photos.get("a/1", range === undefined ? {} : { range }))?.text();
  assert.deepEqual(
    [await part(), await part({ first: 3 }), await part({ first: 1, last: 2 })],
    ["abcde", "de", "bc"],
  );
  await assert.rejects(part({ first: 5 }), { name: "RANGE_INVALID" });
  assert.equal(await photos.get("a/2"), undefined);
});

Deno.test("fakeBlob() lists, deletes and refuses what is too large", async () => {
  const photos = fakeBlob({ maxBytes: 4 });
  for (const key of ["b", "a/2", "a/1"]) await photos.put(key, key);
  const keys = async (...given: Parameters<typeof photos.list>) =>
    (await photos.list(...given)).map(({ key }) => key);
  assert.deepEqual(await keys(), ["a/1", "a/2", "b"]);
  assert.deepEqual(await keys("a/", { after: "a/1" }), ["a/2"]);
  assert.deepEqual(await keys("", { limit: 1 }), ["a/1"]);
  await assert.rejects(photos.put("b", "12345"), {
    message: 'Blob "b" has more than 4 bytes, the maxBytes of its section',
  });
  assert.equal((await photos.stat("b"))?.sizeBytes, 1);
  assert.deepEqual([await photos.delete("b"), await photos.delete("b")], [true, false]);
});
