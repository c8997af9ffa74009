import assert from "node:assert/strict";
import { fakeHttp } from "./fake_http.ts";

Deno.test("fakeHttp() records requests and answers like a service", async () => {
  const service = fakeHttp(({ method, path }) =>
    method === "GET" ? { json: { path }, headers: { ETag: "1" } } : { status: 409, body: "no" }
  );
  const found = await service.get("/a", { query: { n: 1, none: undefined } });
  assert.deepEqual([found.ok, found.json(), found.headers], [true, { path: "/a" }, { etag: "1" }]);
  const refused = await service.post("/b", { json: { at: new Date(0) }, headers: { "X-A": "1" } });
  assert.deepEqual([refused.ok, refused.status, refused.text()], [false, 409, "no"]);
  assert.deepEqual(
    service.requests.map(({ method, query, headers, json }) => [method, query, headers, json]),
    [
      ["GET", { n: "1" }, {}, undefined],
      ["POST", {}, { "x-a": "1" }, { at: "1970-01-01T00:00:00.000Z" }],
    ],
  );
  await service.put("/c", { body: "x" });
  await service.patch("/d");
  await service.delete("/e");
  assert.deepEqual(service.requests.slice(2).map(({ method, body }) => [method, body]), [
    ["PUT", "x"],
    ["PATCH", undefined],
    ["DELETE", undefined],
  ]);
});

Deno.test("fakeHttp() without a function fails like a service that does not run", async () => {
  const service = fakeHttp();
  await assert.rejects(service.get("/a"), { name: "HTTP_UNREACHABLE" });
  await assert.rejects(service.post("/a", { json: 1, body: "1" }), /json or body, not both/);
});
