import assert from "node:assert/strict";
import { until } from "../../scripts/lib/until.ts";
import type { ErrorName } from "../../src/base/error_catalog.ts";
import { limits } from "../../src/protocol/limits.ts";
import { RawConnection } from "./raw_http.ts";
import { problemOf, refused, statusOf, TestApi } from "./setup.ts";

const chunked = { "content-length": undefined, "transfer-encoding": "chunked" };

/** Rows with a raw body, their limits, and how the error names them. */
const bodies: readonly (readonly [
  method: string,
  target: string,
  limit: number,
  error?: ErrorName,
])[] = [
  ["PUT", "/api/kv/big", limits.kvValueBytes],
  ["POST", "/api/blueprint", limits.blueprintBytes],
  ["POST", "/api/blueprint/plan", limits.blueprintBytes],
  ["POST", "/api/blueprint/validate", limits.blueprintBytes],
  [
    "PUT",
    "/repository/org/example/a/1.0.0/a-1.0.0.txt",
    limits.artifactBytes,
    "ARTIFACT_TOO_LARGE",
  ],
];

for (const [method, target, limit, error = "BODY_TOO_LARGE"] of bodies) {
  Deno.test(`createApi() refuses too long a body by its Content-Length: ${method} ${target}`, async () => {
    await using api = await TestApi.start();
    using connection = await RawConnection.open(api.port);
    // Not one byte of the body is sent: the header is enough.
    const headers = { "content-length": String(limit + 1) };
    await connection.send({ method, target, headers });
    const answer = await connection.answer();
    const problem = problemOf(answer, answer.body, error);
    assert.ok(problem.detail.includes(String(limit)), problem.detail);
  });

  Deno.test(`createApi() refuses a body without Content-Length as it grows: ${method} ${target}`, async () => {
    await using api = await TestApi.start();
    using connection = await RawConnection.open(api.port);
    await connection.send({ method, target, headers: chunked });
    const piece = new Uint8Array(65_536).fill(35);
    for (let sent = 0; sent <= limit; sent += piece.length) await connection.chunk(piece);
    // The body never ends, and yet there is an answer.
    const answer = await connection.answer();
    problemOf(answer, answer.body, error);
  });
}

Deno.test("createApi() takes a body in pieces and without Content-Length", async () => {
  await using api = await TestApi.start();
  using connection = await RawConnection.open(api.port);
  await connection.send({ method: "PUT", target: "/api/kv/pieces", headers: chunked });
  for (const piece of ["one ", "two ", "three", ""]) {
    await connection.chunk(new TextEncoder().encode(piece));
  }
  assert.equal((await connection.answer()).status, 200);
  assert.equal(await (await api.kv("GET", "pieces")).text(), "one two three");
});

Deno.test("createApi() gives up on a body that stops coming, and changes nothing", async () => {
  await using api = await TestApi.start({ management: { requestTimeout: "100ms" } });
  using connection = await RawConnection.open(api.port);
  await connection.send({ method: "PUT", target: "/api/kv/half", headers: chunked });
  await connection.chunk(new TextEncoder().encode("half"));
  const answer = await connection.answer();
  const problem = problemOf(answer, answer.body, "BODY_TIMEOUT");
  assert.match(problem.detail, /100 ms/);
  await refused(await api.kv("GET", "half"), "KEY_NOT_FOUND");
});

Deno.test("createApi() answers 503 with Retry-After above maxInFlight, but health always", async () => {
  await using api = await TestApi.start({ management: { maxInFlight: 2 } });
  // Two requests whose bodies are still coming.
  const open = [await RawConnection.open(api.port), await RawConnection.open(api.port)];
  try {
    const waiting = api.control.store.propose.bind(api.control.store);
    const entered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const released = Promise.withResolvers<void>();
    api.control.store.propose = async (...given) => {
      entered.shift()?.resolve();
      await released.promise;
      return await waiting(...given);
    };
    const reached = entered.map(({ promise }) => promise);
    for (const [index, connection] of open.entries()) {
      await connection.send({ method: "PUT", target: `/api/kv/k${index}`, body: "x" });
    }
    await Promise.all(reached);
    const response = await api.fetch("GET", "/api/status");
    const problem = await refused(response, "NOT_PROPOSED");
    assert.equal(response.headers.get("retry-after"), "1");
    assert.match(problem.detail, /2 requests .* management\.maxInFlight/);
    for (const path of ["/health/live", "/health/ready"]) {
      assert.equal(await statusOf(await api.fetch("GET", path)), 200);
    }
    released.resolve();
    for (const connection of open) assert.equal((await connection.answer()).status, 200);
    assert.equal(await statusOf(await api.fetch("GET", "/api/status")), 200);
  } finally {
    for (const connection of open) connection[Symbol.dispose]();
  }
});

Deno.test("createApi() frees the place of a request whose client has gone", async () => {
  await using api = await TestApi.start({
    management: { maxInFlight: 1, requestTimeout: "100ms" },
  });
  for (let round = 0; round < 5; round++) {
    using connection = await RawConnection.open(api.port);
    await connection.send({ method: "PUT", target: "/api/kv/gone", headers: chunked });
    await connection.chunk(new TextEncoder().encode("half"));
  }
  await until("the place is free again", async () => {
    const response = await api.fetch("GET", "/api/status");
    await response.body?.cancel();
    return response.status === 200 || undefined;
  });
});

Deno.test("createApi() answers 504 when a read takes too long: certainly nothing was done", async () => {
  await using api = await TestApi.start({ management: { requestTimeout: "50ms" } });
  api.control.store.readBarrier = () => new Promise(() => {});
  const problem = await refused(await api.kv("GET", "k"), "TIMEOUT");
  assert.match(problem.detail, /within 50 ms, the limit of management\.requestTimeout/);
});

Deno.test("createApi() answers 504 OUTCOME_UNKNOWN when a write takes too long", async () => {
  await using api = await TestApi.start({ management: { requestTimeout: "50ms" } });
  api.control.store.propose = () => new Promise(() => {});
  const problem = await refused(await api.kv("PUT", "k", { body: "x" }), "OUTCOME_UNKNOWN");
  assert.match(problem.hint, /Read the key/);
  await refused(await api.kv("DELETE", "k"), "OUTCOME_UNKNOWN");
});

Deno.test("createApi() answers 500 with a request id and no inner detail for a bug", async () => {
  await using api = await TestApi.start();
  api.control.store.readBarrier = () => Promise.reject(new TypeError("At secret.ts:1"));
  const problem = await refused(await api.kv("GET", "k"), "INTERNAL");
  assert.ok(!problem.detail.includes("secret"), problem.detail);
  assert.equal(await statusOf(await api.fetch("GET", "/health/live")), 200);
});
