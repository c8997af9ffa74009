import assert from "node:assert/strict";
import { testSlice } from "aether";
import echo from "./mod.ts";

Deno.test("echo answers the text and its version", async () => {
  const { client, stop } = await testSlice(echo);
  assert.deepEqual(await client.echo({ text: "hi" }), { text: "hi", version: "1" });
  assert.deepEqual(await client.get({ text: "hi" }), { text: "hi", version: "1" });
  await stop();
});

Deno.test("echo refuses a text that is too long", async () => {
  const { client, stop } = await testSlice(echo);
  await assert.rejects(client.echo({ text: "x".repeat(10_001) }), { name: "INPUT_INVALID" });
  await stop();
});
