import assert from "node:assert/strict";
import { clientOf, nestedOrigin, requestMeta, traceOf } from "./call_meta.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

Deno.test("traceOf() takes valid trace contexts over and drops others", () => {
  const none = () => null;
  assert.deepEqual(traceOf(traceparent, none), { traceparent });
  assert.deepEqual(traceOf(traceparent, () => "a=1"), { traceparent, tracestate: "a=1" });
  assert.deepEqual(traceOf(traceparent, () => "x".repeat(513)), { traceparent });
  const zeros = "0".repeat(32);
  for (
    const bad of [
      null,
      undefined,
      "",
      "00-1",
      traceparent.toUpperCase(),
      `ff${traceparent.slice(2)}`,
      `00-${zeros}-b7ad6b7169203331-01`,
      `00-0af7651916cd43dd8448eb211c80319c-${zeros.slice(16)}-01`,
      traceparent.padEnd(200, "x"),
    ]
  ) assert.deepEqual(traceOf(bad, () => "a=1"), {}, String(bad));
});

Deno.test("clientOf() believes X-Forwarded-For only from trusted proxies", () => {
  const headers = new Headers({ "x-forwarded-for": "6.6.6.6, 203.0.113.7 , 10.0.0.2" });
  const trusted = new Set(["10.0.0.1", "10.0.0.2"]);
  assert.equal(clientOf(headers, "198.51.100.1", trusted), "198.51.100.1");
  assert.equal(clientOf(headers, "10.0.0.1", trusted), "203.0.113.7", "not what it claims itself");
  assert.equal(clientOf(new Headers(), "10.0.0.1", trusted), "10.0.0.1");
  assert.equal(clientOf(headers, undefined, trusted), undefined);
});

Deno.test("requestMeta() passes on the named headers, and nothing of the connection", () => {
  const headers = new Headers({
    accept: "text/x",
    cookie: "secret",
    connection: "keep-alive, X-Hop",
    "x-hop": "1",
    te: "trailers",
    "x-aether-caller": "org.example:root",
    "x-forwarded-for": "6.6.6.6",
  });
  assert.equal(requestMeta(headers, [], undefined), "");
  assert.deepEqual(JSON.parse(requestMeta(headers, [], "1.2.3.4")), { client: "1.2.3.4" });
  const wanted = ["accept", "x-hop", "te", "x-aether-caller", "x-forwarded-for", "x-none"];
  assert.deepEqual(JSON.parse(requestMeta(headers, wanted, "1.2.3.4")), {
    client: "1.2.3.4",
    headers: { accept: "text/x", "x-forwarded-for": "1.2.3.4" },
  });
  headers.set("traceparent", traceparent);
  headers.set("tracestate", "a=1");
  assert.deepEqual(JSON.parse(requestMeta(headers, [], undefined)), {
    traceparent,
    tracestate: "a=1",
  });
});

Deno.test("nestedOrigin() believes a slice no more than that", () => {
  for (const meta of ["[]", '{"traceparent":5,"client":{}}']) {
    assert.deepEqual(nestedOrigin(JSON.parse(meta)), {}, meta);
  }
  const meta = JSON.stringify({ traceparent, tracestate: "a=1", client: "1.2.3.4", caller: "x" });
  assert.deepEqual(nestedOrigin(JSON.parse(meta)), {
    traceparent,
    tracestate: "a=1",
    client: "1.2.3.4",
  });
});
