import assert from "node:assert/strict";
import { problem, traceparent, World } from "./gateway_fixture_test.ts";
import { serviceOf } from "./instance_fixture_test.ts";

Deno.test("Gateway.handle() sends a request to an instance and its answer back", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1", ({ body }) => [201, body ?? '"none"']);
  const get = await world.request("GET", "/one/a%2Fb?x=1&y", undefined, { accept: "text/x" });
  assert.deepEqual([get.status, await get.text()], [201, '"none"']);
  assert.equal(get.headers.get("content-type"), "application/json");
  const make = await world.request("POST", "/one", '{"n":"ü"}');
  assert.equal(await make.text(), '{"n":"ü"}');
  const [first, second] = instance.calls;
  assert.deepEqual([first?.method, first?.path, first?.query], ["get", "a%2Fb", "x=1&y"]);
  assert.deepEqual(JSON.parse(first?.meta ?? ""), { headers: { accept: "text/x" } });
  assert.deepEqual([second?.method, second?.meta], ["make", ""]);
  assert.ok((first?.remainingMs ?? 0) <= 5_000, "the method's own timeout");
});

Deno.test("Gateway.handle() passes on no header that the contract does not name", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1", () => [200, "1"]);
  const secret = { cookie: "s", authorization: "s", "x-aether-caller": "org.example:root" };
  await world.request("GET", "/one/a", undefined, { ...secret, traceparent });
  assert.deepEqual(JSON.parse(instance.calls[0]?.meta ?? ""), { traceparent, headers: {} });
});

Deno.test("Gateway.handle() answers a slice's problem as it came", async () => {
  await using world = new World();
  world.apply(serviceOf());
  world.add("i1", () => [409, '{"code":"SOLD_OUT"}']);
  assert.equal(await problem(world.request("GET", "/one/a")), "409 SOLD_OUT");
});

Deno.test("Gateway.handle() keeps a valid request id and makes one otherwise", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1", () => [200, "1"]);
  const ids = async (id: string) => {
    const response = await world.request("GET", "/one/a", undefined, { "x-request-id": id });
    return [response.headers.get("x-request-id"), instance.calls.at(-1)?.requestId];
  };
  assert.deepEqual(await ids("r-1"), ["r-1", "r-1"]);
  const [made, sent] = await ids("not valid");
  assert.match(made ?? "", /^[a-z0-9-]+$/);
  assert.equal(sent, made);
  const missing = await world.request("GET", "/none", undefined, { "x-request-id": "r-2" });
  assert.equal((await missing.json()).requestId, "r-2");
});

Deno.test("Gateway.handle() answers 404 and 405 from its routes, and 503 before it has any", async () => {
  await using world = new World();
  assert.equal(await problem(world.request("GET", "/one/a")), "503 NO_INSTANCE");
  world.apply(serviceOf());
  for (const path of ["/", "/none", "/one/a/b", "/one/", "/One", "/inner"]) {
    assert.equal(await problem(world.request("GET", path)), "404 ROUTE_NOT_FOUND", path);
  }
  const cases = [["POST", "/one/a", "GET, HEAD, OPTIONS"], ["GET", "/one", "OPTIONS, POST"]];
  for (const [method = "", path = "", allow] of cases) {
    const response = await world.request(method, path, method === "POST" ? "{}" : undefined);
    assert.equal(response.headers.get("allow"), allow);
    assert.equal(await problem(response), "405 METHOD_NOT_ALLOWED");
  }
});

Deno.test("Gateway.handle() answers OPTIONS from its routes, and HEAD like GET", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1", () => [200, '"text"']);
  const options = await world.request("OPTIONS", "/one/a");
  assert.deepEqual([options.status, options.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
  assert.equal(options.body, null);
  assert.ok(options.headers.get("x-request-id"));
  assert.equal(instance.calls.length, 0);
  assert.equal(await problem(world.request("OPTIONS", "/none")), "404 ROUTE_NOT_FOUND");
  assert.equal((await world.request("HEAD", "/one/a")).status, 200);
  assert.equal(instance.calls[0]?.method, "get");
});

Deno.test("Gateway.handle() refuses requests that are not sound, before any instance", async () => {
  await using world = new World({ maxBodyBytes: "1KiB" });
  world.apply(serviceOf());
  const instance = world.add("i1", () => [200, "1"]);
  const large = "x".repeat(1_025);
  const text = { "content-type": "text/plain" };
  assert.equal(await problem(world.request("POST", "/one", large)), "413 BODY_TOO_LARGE");
  assert.equal(await problem(world.request("POST", "/one", "a", text)), "415 CONTENT_TYPE_REFUSED");
  const doubled = { "content-length": "2, 2" };
  assert.equal(await problem(world.request("POST", "/one", "{}", doubled)), "400 REQUEST_INVALID");
  const both = { "transfer-encoding": "chunked" };
  assert.equal(await problem(world.request("POST", "/one", "{}", both)), "400 REQUEST_INVALID");
  const noHost = world.gateway.handle(new Request("http://app/one/a"));
  assert.equal(await problem(noHost), "400 REQUEST_INVALID");
  assert.equal(instance.calls.length, 0);
});

Deno.test("Gateway.handle() takes requests over TLS without a Host header, as HTTP/2 has none", async () => {
  await using world = new World();
  world.apply(serviceOf());
  world.add("i1", () => [200, "1"]);
  const response = await world.gateway.handle(new Request("https://app/one/a"));
  assert.equal(response.status, 200);
});

Deno.test("Gateway.handle() answers 503 with Retry-After when nothing can take the call", async () => {
  await using world = new World();
  world.apply(serviceOf({ concurrency: 2 }));
  const none = await world.request("GET", "/one/a");
  assert.equal(none.headers.get("retry-after"), "1");
  assert.equal(await problem(none), "503 NO_INSTANCE");
  const instance = world.add("i1");
  const waiting = [world.request("GET", "/one/a"), world.request("GET", "/one/b")];
  await instance.until(() => instance.calls.length === 2);
  const full = await world.request("GET", "/one/c");
  assert.equal(full.headers.get("retry-after"), "1");
  assert.equal(await problem(full), "503 OVERLOADED");
  assert.equal(world.gateway.inFlight, 2);
  for (const { id } of instance.calls) instance.reply(id, 200, "1");
  for (const response of await Promise.all(waiting)) assert.equal(response.status, 200);
});

Deno.test("Gateway.handle() answers 504 at the deadline, and tells the instance", async () => {
  await using world = new World({ requestTimeout: "1ms" });
  world.apply(serviceOf());
  const instance = world.add("i1");
  const response = world.request("GET", "/one/a");
  await instance.until(() => instance.calls.length === 1);
  assert.ok((instance.calls[0]?.remainingMs ?? 9) <= 1);
  while (world.gateway.inFlight > 0) {
    world.gateway.expire();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.equal(await problem(response), "504 DEADLINE_EXCEEDED");
  await instance.until(() => instance.aborted.length === 1);
});

Deno.test("Gateway.handle() ends a call when its client goes", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1");
  const client = new AbortController();
  const response = world.gateway.handle(
    new Request("http://app/one/a", { headers: { host: "app" }, signal: client.signal }),
  );
  await instance.until(() => instance.calls.length === 1);
  client.abort();
  world.gateway.expire();
  await instance.until(() => instance.aborted.length === 1);
  assert.equal((await response).status, 504);
  assert.equal(world.gateway.inFlight, 0);
});

Deno.test("Gateway.handle() repeats a lost call on another instance when it is idempotent", async () => {
  await using world = new World();
  world.apply(serviceOf({ instances: ["i1", "i2"] }));
  const first = world.add("i1");
  const response = world.request("GET", "/one/a?x=1");
  await first.until(() => first.calls.length === 1);
  const second = world.add("i2", () => [200, '"second"']);
  world.gateway.removeInstance("i1");
  assert.equal(await (await response).text(), '"second"');
  const [call] = second.calls;
  assert.deepEqual([call?.path, call?.query], ["a", "x=1"]);
  assert.equal(call?.requestId, first.calls[0]?.requestId);
  const [before, after] = [first.calls[0]?.remainingMs ?? 0, call?.remainingMs ?? 9_999];
  assert.ok(after < before, "the deadline stays the same");
});

Deno.test("Gateway.handle() repeats no lost call that may have changed something", async () => {
  await using world = new World();
  world.apply(serviceOf({ instances: ["i1", "i2"] }));
  const first = world.add("i1");
  const response = world.request("POST", "/one", "{}");
  await first.until(() => first.calls.length === 1);
  const second = world.add("i2", () => [200, "1"]);
  world.gateway.removeInstance("i1");
  assert.equal(await problem(response), "504 CALL_OUTCOME_UNKNOWN");
  assert.equal(second.calls.length, 0);
});

Deno.test("Gateway.handle() answers 503 when the only instance is lost", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1");
  const response = world.request("GET", "/one/a");
  await instance.until(() => instance.calls.length === 1);
  world.gateway.removeInstance("i1");
  assert.equal((await response).status, 503);
});

Deno.test("Gateway.drain() reports an instance when its last answer is given", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1");
  const response = world.request("GET", "/one/a");
  await instance.until(() => instance.calls.length === 1);
  world.apply();
  world.gateway.drain("i1");
  world.gateway.expire();
  assert.deepEqual(world.drained, []);
  instance.reply(instance.calls[0]?.id ?? 0, 200, '"last"');
  assert.equal(await (await response).text(), '"last"');
  world.gateway.expire();
  assert.deepEqual(world.drained, ["i1"]);
});

Deno.test("Gateway.handle() reads requests from the wire, and refuses what is not sound", async () => {
  await using world = new World({ maxBodyBytes: "1KiB" });
  world.apply(serviceOf());
  const instance = world.add("i1", ({ body, path }) => [200, body ?? JSON.stringify(path)]);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => world.gateway.handle(request),
  );
  /** Everything that the server answers to these bytes. */
  const send = async (...lines: readonly string[]) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await connection.write(new TextEncoder().encode(lines.join("\r\n")));
    return await new Response(connection.readable).text();
  };
  const end = "Connection: close";
  const json = "Content-Type: application/json";
  const statusOf = (answer: string) => Number(answer.split(" ", 2)[1]);
  try {
    const head = await send("HEAD /one/a HTTP/1.1", "Host: a", end, "", "");
    assert.equal(statusOf(head), 200);
    assert.match(head, /\r\n\r\n$/);
    const raw = await send("GET /one/%61%2F.. HTTP/1.1", "Host: a", end, "", "");
    assert.match(raw, /"%61%2F\.\."$/);
    const chunked = ["Transfer-Encoding: chunked", "", "4", '{"a"', "3", ":1}", "0", "", ""];
    const post = ["POST /one HTTP/1.1", "Host: a", end, json];
    assert.match(await send(...post, ...chunked), /\{"a":1\}$/);
    const calls = instance.calls.length;
    assert.equal(statusOf(await send("GET /one/a HTTP/1.0", "", "")), 400);
    assert.equal(statusOf(await send(...post, "Content-Length: 7", ...chunked)), 400);
    assert.equal(
      statusOf(await send(...post, "Content-Length: 2", "Content-Length: 3", "", "{} ")),
      400,
    );
    const large = "x".repeat(2_000);
    const pieces = ["Transfer-Encoding: chunked", "", "7d0", large, "0", "", ""];
    assert.equal(statusOf(await send(...post, ...pieces)), 413);
    assert.equal(instance.calls.length, calls);
  } finally {
    await server.shutdown();
  }
});
