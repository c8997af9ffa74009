import assert from "node:assert/strict";
import { testSlice } from "aether";
import echo from "./mod.ts";

Deno.test("echo 2 answers the text, its version, and shouts", async () => {
  const { client, stop } = await testSlice(echo);
  assert.deepEqual(await client.echo({ text: "hi" }), { text: "hi", version: "2" });
  assert.deepEqual(await client.get({ text: "hi" }), { text: "hi", version: "2" });
  assert.deepEqual(await client.shout({ text: "hi" }), { text: "HI", version: "2" });
  await stop();
});
