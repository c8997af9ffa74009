import assert from "node:assert/strict";
import { http } from "../../../sdk/resource/http.ts";
import type { HttpHandle } from "../../../sdk/resource/http.ts";
import { createResource } from "./handles.ts";
import { withPort } from "./port_fixture_test.ts";

const body = new TextEncoder().encode('{"id":1}');

Deno.test("http() sends plain requests and answers bodies as bytes, text or JSON", async () => {
  const result = { status: 201, headers: { a: "b" }, body };
  await withPort(() => ({ ok: true, result }), async (port, requests) => {
    const api = createResource("api", http("payments"), port) as HttpHandle;
    const answer = await api.post("/orders", {
      json: { id: 1 },
      query: { a: 1, b: true, c: undefined },
      headers: { x: "y" },
      timeoutMs: 5,
      idempotent: true,
    });
    assert.deepEqual([answer.status, answer.ok, answer.headers], [201, true, { a: "b" }]);
    assert.deepEqual([answer.text(), answer.json(), answer.body], ['{"id":1}', { id: 1 }, body]);
    await api.get("a");
    await api.put("a", { body: "text" });
    await api.patch("a");
    await api.delete("a");
    assert.deepEqual(requests.map(({ id: _, resource: __, ...request }) => request), [
      {
        op: "request",
        method: "POST",
        path: "/orders",
        query: { a: "1", b: "true" },
        headers: { x: "y" },
        json: '{"id":1}',
        timeoutMs: 5,
        idempotent: true,
      },
      { op: "request", method: "GET", path: "a", query: {} },
      { op: "request", method: "PUT", path: "a", query: {}, body: "text" },
      { op: "request", method: "PATCH", path: "a", query: {} },
      { op: "request", method: "DELETE", path: "a", query: {} },
    ]);
    await assert.rejects(api.post("a", { json: 1, body: "1" }), /json or body, not both/);
  });
});

Deno.test("http() answers that are no success are no errors", async () => {
  const result = { status: 404, headers: {}, body: new Uint8Array() };
  await withPort(() => ({ ok: true, result }), async (port) => {
    const api = createResource("api", http("payments"), port) as HttpHandle;
    const answer = await api.get("a");
    assert.deepEqual([answer.status, answer.ok], [404, false]);
    assert.throws(() => answer.json(), SyntaxError);
  });
});
