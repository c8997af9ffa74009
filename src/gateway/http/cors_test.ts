import assert from "node:assert/strict";
import { resolveConfig } from "../../protocol/config/config.ts";
import { Cors } from "./cors.ts";

const shop = "https://shop.example";

function corsOf(rules: Record<string, unknown>): Cors {
  return new Cors(resolveConfig({ app: { cors: rules } }).app.cors);
}

function headersOf(cors: Cors, origin: string): Record<string, string> {
  const response = new Response("x", { headers: { vary: "accept" } });
  cors.allow(response, origin);
  const { "content-type": _, ...headers } = Object.fromEntries(response.headers);
  return headers;
}

Deno.test("Cors.allow() names the origin only when it is allowed", () => {
  const cors = corsOf({ origins: [shop], credentials: true });
  assert.deepEqual(headersOf(cors, shop), {
    "access-control-allow-credentials": "true",
    "access-control-allow-origin": shop,
    "access-control-expose-headers": "x-request-id, retry-after",
    vary: "accept, Origin",
  });
  for (const other of ["https://evil.example", "null", `${shop}.evil`, "http://shop.example"]) {
    assert.deepEqual(headersOf(cors, other), { vary: "accept, Origin" }, other);
  }
  assert.equal(
    headersOf(corsOf({ origins: ["*"] }), "https://any")["access-control-allow-origin"],
    "*",
  );
});

Deno.test("Cors.preflight() answers browsers that ask, and no other request", () => {
  const cors = corsOf({ origins: [shop], headers: ["authorization"], cacheTimeout: "1m" });
  const ask = (headers: Record<string, string>, method = "OPTIONS") =>
    cors.preflight(new Request("http://app/x", { method, headers }), "GET, OPTIONS");
  const question = { origin: shop, "access-control-request-method": "GET" };
  const response = ask(question);
  assert.equal(response?.status, 204);
  assert.equal(response?.headers.get("access-control-allow-methods"), "GET, OPTIONS");
  assert.equal(response?.headers.get("access-control-allow-headers"), "authorization");
  assert.equal(response?.headers.get("access-control-max-age"), "60");
  const refused = ask({ ...question, origin: "https://evil.example" });
  assert.deepEqual([...refused?.headers ?? []], [["vary", "Origin"]]);
  assert.equal(ask({ origin: shop }), undefined);
  assert.equal(ask(question, "GET"), undefined);
  assert.deepEqual([cors.isOn, corsOf({}).isOn], [true, false]);
});
