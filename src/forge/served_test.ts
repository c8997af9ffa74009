import assert from "node:assert/strict";
import { waitUntilServed } from "./served.ts";

Deno.test("waitUntilServed() asks each path until it is known", async () => {
  const seen: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    seen.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response("{}", { status: seen.length === 1 ? 404 : 405 });
  });
  const app = `http://127.0.0.1:${server.addr.port}`;
  await waitUntilServed(app, ["/urls", "/urls/:code", "/urls"], new AbortController().signal);
  assert.deepEqual(seen, ["PROPFIND /urls", "PROPFIND /urls", "PROPFIND /urls/x"]);
  await server.shutdown();
});

Deno.test("waitUntilServed() names the path that stays unknown", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    return new Response(null, { status: 404 });
  });
  const app = `http://127.0.0.1:${server.addr.port}`;
  const waiting = waitUntilServed(app, ["/lost"], new AbortController().signal, 0);
  await assert.rejects(waiting, { name: "TIMEOUT", message: new RegExp(`/lost .* ${app} `) });
  await server.shutdown();
});
