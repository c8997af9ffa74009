import assert from "node:assert/strict";
import { SliceError, testSlice } from "aether";
import shortener from "./mod.ts";

Deno.test("url-shortener resolves what it shortened and counts the visit", async () => {
  const visited: string[] = [];
  const { client, stop } = await testSlice(shortener, {
    analytics: {
      record: ({ code }) => Promise.resolve({ visits: visited.push(code) }),
      stats: ({ code }) => Promise.resolve({ code, visits: 0 }),
    },
  });
  const { code } = await client.shorten({ url: "https://example.com/a?b=c" });
  assert.deepEqual(await client.resolve({ code }), { url: "https://example.com/a?b=c" });
  assert.deepEqual(visited, [code]);
  await stop();
});

Deno.test("url-shortener answers LINK_NOT_FOUND for an unknown code", async () => {
  const { client, stop } = await testSlice(shortener, {
    analytics: { record: () => Promise.reject(new Error("Down")), stats: () => Promise.reject() },
  });
  await assert.rejects(client.resolve({ code: "nothing" }), (error: unknown) => {
    assert.ok(error instanceof SliceError);
    assert.equal(error.code, "LINK_NOT_FOUND");
    assert.equal(error.status, 404);
    assert.deepEqual(error.data, { code: "nothing" });
    return true;
  });
  await stop();
});

Deno.test("url-shortener resolves although counting fails", async () => {
  const { client, logs, stop } = await testSlice(shortener, {
    analytics: { record: () => Promise.reject(new Error("Down")), stats: () => Promise.reject() },
  });
  const { code } = await client.shorten({ url: "https://example.com" });
  assert.equal((await client.resolve({ code })).url, "https://example.com");
  assert.equal(logs[0]?.level, "warn");
  await stop();
});
