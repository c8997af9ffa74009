import assert from "node:assert/strict";
import { fillPath } from "../../src/client/request.ts";
import { roleAllows } from "../../src/protocol/api/row.ts";
import { apiRows, type RowName } from "../../src/protocol/api/table.ts";
import { rawRequest } from "./raw_http.ts";
import { good, prepare } from "./samples.ts";
import { keyed, problemOf, refused, statusOf, TestApi, testKeys, textOf } from "./setup.ts";

function targetOf(name: RowName, path: string): string {
  const { params, query } = good[name];
  const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
  return fillPath(path, params) + search;
}

/** Who asks, the Authorization header that says so, and the role that this gives. */
const callers = [
  { who: "no key", authorization: undefined, role: "public" },
  { who: "viewer", authorization: `Bearer ${testKeys.viewer}`, role: "viewer" },
  { who: "operator", authorization: `bearer  ${testKeys.operator}`, role: "operator" },
  { who: "admin", authorization: `BEARER ${testKeys.admin}`, role: "admin" },
] as const;

Deno.test("createApi() admits exactly the roles of each row", async (t) => {
  await using api = await TestApi.start(keyed());
  await prepare(api, { authorization: `Bearer ${testKeys.admin}` });
  for (const { name, row } of apiRows()) {
    await t.step(`${name} needs ${row.role}`, async () => {
      for (const { who, authorization, role } of callers) {
        const { headers = {}, body = null } = good[name];
        const auth = authorization === undefined ? {} : { authorization };
        const init = {
          headers: { ...headers, ...auth },
          body: row.body === undefined ? null : body,
        };
        const response = await api.fetch(row.method, targetOf(name, row.path), init);
        if (roleAllows(role, row.role)) {
          const text = await textOf(row, response);
          // The second caller who may delete finds nothing, which is no matter of access.
          assert.ok(![401, 403].includes(response.status), `${who}: ${text}`);
          assert.ok(response.ok || [404, 409, 412].includes(response.status), `${who}: ${text}`);
        } else if (role === "public") {
          const problem = await refused(response, "UNAUTHENTICATED");
          assert.ok(problem.detail.includes(row.role), problem.detail);
          assert.equal(response.headers.get("www-authenticate"), "Bearer");
        } else {
          const problem = await refused(response, "FORBIDDEN");
          assert.ok(problem.detail.includes(`"the-${role}"`), problem.detail);
          assert.ok(problem.detail.includes(`needs ${row.role}`), problem.detail);
        }
      }
    });
  }
});

Deno.test("createApi() refuses unknown keys and other schemes, also where none is needed", async () => {
  await using api = await TestApi.start(keyed());
  const wrong = [
    "Bearer ae_unknown",
    `Bearer ${testKeys.admin}x`,
    `Bearer ${testKeys.admin} ${testKeys.admin}`,
    `Basic ${btoa(`admin:${testKeys.admin}`)}`,
    testKeys.admin,
    "Bearer",
    `Bearer ${"k".repeat(513)}`,
  ];
  for (const authorization of wrong) {
    for (const { name, row } of apiRows()) {
      const target = targetOf(name, row.path);
      const response = await api.fetch(row.method, target, { headers: { authorization } });
      const problem = await refused(response, "UNAUTHENTICATED");
      assert.ok(!JSON.stringify(problem).includes(testKeys.admin), "A key is repeated");
    }
  }
});

Deno.test("createApi() looks at the role before it looks at the rest of a request", async () => {
  await using api = await TestApi.start(keyed());
  const headers = { authorization: `Bearer ${testKeys.viewer}` };
  const body = "x".repeat(2 ** 21);
  await refused(await api.fetch("PUT", "/api/kv/k", { headers, body }), "FORBIDDEN");
  await refused(await api.fetch("POST", "/api/blueprint?ifRevision=x", { headers }), "FORBIDDEN");
});

Deno.test("createApi() makes every local caller an admin when no keys are configured", async () => {
  await using api = await TestApi.start();
  await prepare(api);
  const headers = { authorization: "Bearer whatever" };
  assert.equal(await statusOf(await api.kv("DELETE", "doomed", { headers })), 204);
});

/** Host headers, and whether a node at 127.0.0.1 with the extra names takes them. */
const hosts: readonly (readonly [host: string | undefined, isOurs: boolean])[] = [
  ["127.0.0.1:8080", true],
  ["127.0.0.1", true],
  ["localhost:1", true],
  ["LOCALHOST", true],
  ["[::1]:8080", true],
  ["[::1]", true],
  ["node-1.example.com:8443", true],
  ["[fd00::5]:8080", true],
  ["evil.example.com", false],
  ["evil.example.com:8080", false],
  ["127.0.0.1.evil.example.com", false],
  ["localhost.evil.example.com:8080", false],
  ["node-1.example.com.evil.example.com", false],
  ["127.0.0.2:8080", false],
  ["[fd00::6]", false],
  ["127.0.0.1:8080:9090", false],
  // No browser leaves it out; HTTP/2 has the name in the address instead.
  [undefined, true],
];

Deno.test("createApi() answers only under the names of the node", async (t) => {
  const names = ["node-1.example.com", "fd00::5"];
  await using api = await TestApi.start({ management: { hosts: names } });
  for (const [host, isOurs] of hosts) {
    await t.step(`Host: ${host}`, async () => {
      const request = { method: "GET", target: "/api/health", headers: { host } };
      const answer = await rawRequest(api.port, request);
      if (isOurs) return assert.equal(answer.status, 200);
      const problem = problemOf(answer, answer.body, "HOST_REFUSED");
      assert.ok(problem.detail.includes(`"${host ?? ""}"`), problem.detail);
      assert.match(problem.hint, /management\.hosts/);
    });
  }
});

Deno.test("createApi() refuses a foreign Host for every row, before anything is done", async () => {
  await using api = await TestApi.start();
  for (const { name, row } of apiRows()) {
    const { method } = row;
    const headers = { host: "evil.example.com:8080" };
    const answer = await rawRequest(api.port, {
      method,
      target: targetOf(name, row.path),
      headers,
    });
    problemOf(answer, answer.body, "HOST_REFUSED");
  }
});

Deno.test("createApi() takes any Host from a caller with a key, which no web page has", async () => {
  await using api = await TestApi.start(keyed());
  const authorization = `Bearer ${testKeys.viewer}`;
  const request = { method: "GET", target: "/api/health" };
  const host = "other.example.com";
  const known = await rawRequest(api.port, { ...request, headers: { host, authorization } });
  assert.equal(known.status, 200);
  const unknown = await rawRequest(api.port, { ...request, headers: { host } });
  problemOf(unknown, unknown.body, "HOST_REFUSED");
});

/** Headers of a write, and whether a page of another site could have sent it unasked. */
const writes: readonly (readonly [headers: Record<string, string>, isForeign: boolean])[] = [
  [{}, false],
  [{ "content-type": "application/json" }, false],
  [{ "content-type": "application/toml; charset=utf-8" }, false],
  [{ "content-type": "image/png" }, false],
  [{ "content-type": "text/plain" }, false],
  [{ "content-type": "text/plain", "sec-fetch-site": "same-origin" }, false],
  [{ "content-type": "text/plain", "sec-fetch-site": "none" }, false],
  [{ "content-type": "application/x-www-form-urlencoded" }, true],
  [{ "content-type": "Application/X-WWW-Form-Urlencoded;charset=utf-8" }, true],
  [{ "content-type": "multipart/form-data; boundary=x" }, true],
  [{ "content-type": "text/plain", "sec-fetch-site": "cross-site" }, true],
  [{ "content-type": "application/json", "sec-fetch-site": "same-site" }, true],
  // Browsers without Sec-Fetch-Site send Origin with every write.
  [{ "content-type": "text/plain", origin: "http://evil.example.com" }, true],
  [{ "content-type": "text/plain", origin: "null" }, true],
  [{ "content-type": "text/plain", origin: "http://127.0.0.1:1" }, true],
];

Deno.test("createApi() takes no writes that a page of another site can send", async (t) => {
  await using api = await TestApi.start();
  for (const [headers, isForeign] of writes) {
    await t.step(JSON.stringify(headers), async () => {
      const request = { method: "PUT", target: "/api/kv/page", headers, body: "x" };
      const answer = await rawRequest(api.port, request);
      if (!isForeign) return assert.equal(answer.status, 200);
      problemOf(answer, answer.body, "CONTENT_TYPE_REFUSED");
    });
  }
  const own = { origin: api.origin, "content-type": "text/plain" };
  const answer = await rawRequest(api.port, {
    method: "PUT",
    target: "/api/kv/page",
    headers: own,
    body: "x",
  });
  assert.equal(answer.status, 200);
});

Deno.test("createApi() applies that to every writing row, and to none with a key", async () => {
  await using api = await TestApi.start(keyed());
  const cookieless = { "sec-fetch-site": "cross-site", "content-type": "multipart/form-data" };
  const authorization = `Bearer ${testKeys.admin}`;
  for (const { name, row } of apiRows().filter(({ row }) => row.method !== "GET")) {
    const target = targetOf(name, row.path);
    const init = { headers: { ...cookieless, authorization } };
    const response = await api.fetch(row.method, target, init);
    await response.body?.cancel();
    assert.notEqual(response.status, 415, name);
  }
  await using open = await TestApi.start();
  for (const { name, row } of apiRows().filter(({ row }) => row.method !== "GET")) {
    const target = targetOf(name, row.path);
    await refused(
      await open.fetch(row.method, target, { headers: cookieless }),
      "CONTENT_TYPE_REFUSED",
    );
  }
});

Deno.test("createApi() never allows other origins to read", async () => {
  await using api = await TestApi.start();
  const headers = { origin: "http://evil.example.com" };
  for (const method of ["GET", "OPTIONS"]) {
    const answer = await rawRequest(api.port, { method, target: "/api/health", headers });
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
  }
});
