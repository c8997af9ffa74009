import assert from "node:assert/strict";
import { trustingFetch } from "./trust.ts";

Deno.test("trustingFetch() sends requests with a client of its own", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    return new Response("hello");
  });
  const trusting = trustingFetch([]);
  const response = await trusting.fetch(`http://127.0.0.1:${server.addr.port}/`);
  assert.equal(await response.text(), "hello");
  trusting.close();
  await server.shutdown();
});
