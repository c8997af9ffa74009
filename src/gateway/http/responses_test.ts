import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { answerResponse, errorResponse, outputResponse, problemResponse } from "./responses.ts";

function headersOf(response: Response): Record<string, string> {
  return Object.fromEntries(response.headers);
}

Deno.test("outputResponse() answers JSON with the request's id", async () => {
  const response = outputResponse(201, '{"n":1}', "r1");
  assert.equal(response.status, 201);
  assert.deepEqual(headersOf(response), {
    "content-type": "application/json",
    "x-request-id": "r1",
  });
  assert.equal(await response.text(), '{"n":1}');
});

Deno.test("outputResponse() has no body where HTTP forbids one", () => {
  for (const status of [204, 205, 304]) {
    const response = outputResponse(status, "null", "r1");
    assert.equal(response.body, null);
    assert.deepEqual(headersOf(response), { "x-request-id": "r1" });
  }
});

Deno.test("problemResponse() answers the problem as it came", async () => {
  const response = problemResponse(409, '{"code":"X"}', "r1", [["allow", "GET"]]);
  assert.equal(response.status, 409);
  assert.deepEqual(headersOf(response), {
    "allow": "GET",
    "content-type": "application/problem+json",
    "x-request-id": "r1",
  });
  assert.equal(await response.text(), '{"code":"X"}');
});

Deno.test("errorResponse() says when to come again, and only then", async () => {
  const overloaded = errorResponse(new AetherError("OVERLOADED", "Busy"), "r1", [["allow", "GET"]]);
  assert.equal(overloaded.status, 503);
  assert.deepEqual([overloaded.headers.get("retry-after"), overloaded.headers.get("allow")], [
    "1",
    "GET",
  ]);
  const problem = await overloaded.json();
  assert.deepEqual([problem.name, problem.detail, problem.requestId], ["OVERLOADED", "Busy", "r1"]);
  const missing = errorResponse(new AetherError("ROUTE_NOT_FOUND", "Nothing"), "r2");
  assert.deepEqual([missing.status, missing.headers.get("retry-after")], [404, null]);
});

Deno.test("answerResponse() believes no head that a worker may not send", async () => {
  const answer = { kind: "output", status: 200, body: "1" } as const;
  const heads = ['{"status":101,"headers":[]}', '{"headers":[["connection","x"]]}', "{", ""];
  for (const head of heads) {
    const response = answerResponse({ ...answer, head }, "r1");
    assert.deepEqual([response.status, await response.text()], [200, "1"]);
    assert.deepEqual(headersOf(response), {
      "content-type": "application/json",
      "x-request-id": "r1",
    });
  }
});
