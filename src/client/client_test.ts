import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { AetherClient } from "./client.ts";

interface Seen {
  method: string;
  target: string;
  headers: Headers;
  body: Uint8Array;
}

/** Runs `use` against a real server that answers as `answer` says and records what it saw. */
async function withServer(
  answer: (seen: Seen) => Response | Promise<Response>,
  use: (address: string, seen: Seen[]) => Promise<void>,
): Promise<void> {
  const all: Seen[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { method, headers } = request;
    const target = request.url.slice(request.url.indexOf("/", "http://".length));
    const seen = { method, headers, target, body: await request.bytes() };
    all.push(seen);
    return await answer(seen);
  });
  try {
    await use(`127.0.0.1:${server.addr.port}`, all);
  } finally {
    await server.shutdown();
  }
}

async function failure(run: () => Promise<unknown>): Promise<AetherError> {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof AetherError, `Not an AetherError: ${error}`);
    return error;
  }
  throw new assert.AssertionError({ message: "It did not fail" });
}

const health = { ready: true, quorum: true, connectedPeers: 0, nodeCount: 1, sliceCount: 2 };

Deno.test("AetherClient.call() sends method and path and returns the answer", async () => {
  await withServer(() => Response.json(health), async (address, seen) => {
    const client = new AetherClient({ address, token: "ae_key" });
    assert.deepEqual(await client.call("health"), health);
    assert.equal(seen[0]?.method, "GET");
    assert.equal(seen[0]?.target, "/api/health");
    assert.equal(seen[0]?.headers.get("authorization"), "Bearer ae_key");
  });
});

Deno.test("AetherClient.call() keeps fields that a newer node added", async () => {
  await withServer(() => Response.json({ ...health, newer: 1 }), async (address) => {
    const answer = await new AetherClient({ address }).call("health");
    assert.deepEqual(answer, { ...health, newer: 1 });
  });
});

Deno.test("AetherClient.call() encodes the rest of a path, the query and headers", async () => {
  const answer = () => Response.json({ key: "k", revision: 7 });
  await withServer(answer, async (address, seen) => {
    const client = new AetherClient({ address });
    const bytes = new TextEncoder().encode("hé");
    await client.call("kvPut", {
      params: { key: "a b/ü?/100%" },
      headers: { "if-match": '"6"' },
      body: { bytes, contentType: "text/plain" },
    });
    assert.equal(seen[0]?.method, "PUT");
    assert.equal(seen[0]?.target, "/api/kv/a%20b/%C3%BC%3F/100%25");
    assert.equal(seen[0]?.headers.get("if-match"), '"6"');
    assert.equal(seen[0]?.headers.get("if-none-match"), null);
    assert.equal(seen[0]?.headers.get("content-type"), "text/plain");
    assert.deepEqual(seen[0]?.body, bytes);
  });
});

Deno.test("AetherClient.call() leaves query values out that are undefined", async () => {
  const answer = () => Response.json({ keys: [], more: false, revision: 1 });
  await withServer(answer, async (address, seen) => {
    const query = { prefix: "a&b", limit: 5, after: undefined };
    await new AetherClient({ address }).call("kvList", { query });
    assert.equal(seen[0]?.target, "/api/kv?prefix=a%26b&limit=5");
  });
});

Deno.test("AetherClient.send() returns raw bytes with their ETag and content type", async () => {
  const bytes = new Uint8Array([0, 255, 10]);
  const headers = { "etag": '"12"', "content-type": "image/png" };
  await withServer(() => new Response(bytes, { headers }), async (address) => {
    const answer = await new AetherClient({ address }).send("kvGet", { params: { key: "p" } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("etag"), '"12"');
    assert.deepEqual(answer.body, { bytes, contentType: "image/png" });
  });
});

Deno.test("AetherClient.call() returns nothing for a row without an answer", async () => {
  await withServer(() => new Response(null, { status: 204 }), async (address) => {
    const body = await new AetherClient({ address }).call("kvDelete", { params: { key: "p" } });
    assert.equal(body, undefined);
  });
});

Deno.test("AetherClient.call() throws the error of a problem document", async () => {
  const issues = [{ path: "slices[0].artifact", message: "Is missing", line: 3 }];
  const problem = new AetherError("BLUEPRINT_INVALID", "The blueprint has 1 problem", { issues });
  const answer = () =>
    Response.json(problem.toProblem("r1"), {
      status: 400,
      headers: { "content-type": "application/problem+json" },
    });
  await withServer(answer, async (address) => {
    const body = { bytes: new Uint8Array(), contentType: "application/toml" };
    const error = await failure(() =>
      new AetherClient({ address }).call("blueprintPlan", { body })
    );
    assert.equal(error.name, "BLUEPRINT_INVALID");
    assert.equal(error.message, "The blueprint has 1 problem");
    assert.deepEqual(error.issues, issues);
  });
});

Deno.test("AetherClient.call() names what a server that is not aether answered", async () => {
  await withServer(() => new Response("<h1>nginx</h1>", { status: 404 }), async (address) => {
    const error = await failure(() => new AetherClient({ address }).call("health"));
    assert.equal(error.name, "NOT_FOUND");
    assert.equal(error.message, 'The server answered 404 "<h1>nginx</h1>"');
    assert.match(error.hint, /Check that the address is a management API/);
  });
});

Deno.test("AetherClient.call() refuses an answer that its row does not allow", async () => {
  await withServer(() => Response.json({ ...health, ready: "yes" }), async (address) => {
    const error = await failure(() => new AetherClient({ address }).call("health"));
    assert.equal(error.name, "INTERNAL");
    assert.match(error.message, /GET \/api\/health is odd: ready/);
  });
});

Deno.test("AetherClient.call() says UNREACHABLE and the address when nothing listens", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const address = `127.0.0.1:${listener.addr.port}`;
  listener.close();
  const error = await failure(() => new AetherClient({ address }).call("health"));
  assert.equal(error.name, "UNREACHABLE");
  assert.equal(error.message, `Cannot reach the node at http://${address}: connection refused`);
});

Deno.test("AetherClient.call() says TIMEOUT when the answer does not come", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await withServer(() => promise, async (address) => {
    const client = new AetherClient({ address, timeoutMs: 20 });
    const error = await failure(() => client.call("nodes"));
    assert.equal(error.name, "TIMEOUT");
    assert.equal(
      error.message,
      `GET /api/nodes on http://${address} was not answered within 20ms`,
    );
    resolve(new Response());
  });
});

Deno.test("AetherClient.call() ends with the reason of the caller's signal", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await withServer(() => promise, async (address) => {
    const signal = AbortSignal.abort(new AetherError("USAGE", "Stopped by the test"));
    const client = new AetherClient({ address });
    const error = await failure(() => client.call("nodes", {}, { signal }));
    assert.equal(error.message, "Stopped by the test");
    resolve(new Response());
  });
});

Deno.test("AetherClient.call() says OUTCOME_UNKNOWN when a write breaks", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    connection.close();
  })();
  const client = new AetherClient({ address: `127.0.0.1:${listener.addr.port}` });
  const error = await failure(() => client.call("kvDelete", { params: { key: "k" } }));
  assert.equal(error.name, "OUTCOME_UNKNOWN");
  assert.match(error.message, /broke during DELETE \/api\/kv\/k$/);
  await serving;
  listener.close();
});

Deno.test("AetherClient() refuses a key that no header can carry, without showing it", async () => {
  const error = await failure(() => Promise.resolve(new AetherClient({ token: "geheim\n2" })));
  assert.equal(error.name, "UNAUTHENTICATED");
  assert.doesNotMatch(error.message + error.hint, /geheim/);
});
