import assert from "node:assert/strict";
import { limits } from "../../src/protocol/limits.ts";
import { rawRequest } from "./raw_http.ts";
import { problemOf, refused, statusOf, TestApi } from "./setup.ts";

const every = Uint8Array.from({ length: 256 }, (_, index) => index);

async function put(api: TestApi, key: string, body: BodyInit, headers?: Record<string, string>) {
  const response = await api.kv("PUT", key, {
    body,
    ...(headers === undefined ? {} : { headers }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { revision } = JSON.parse(text) as { revision: number };
  assert.equal(response.headers.get("etag"), `"${revision}"`);
  return revision;
}

/** The listed keys, their number of bytes, and whether there are more. */
async function list(api: TestApi, query: Record<string, string>) {
  const response = await api.fetch("GET", `/api/kv?${new URLSearchParams(query)}`);
  assert.equal(response.status, 200);
  return await response.json() as {
    keys: { key: string; revision: number; bytes: number }[];
    more: boolean;
    revision: number;
  };
}

Deno.test("kv keeps bytes and content type exactly", async (t) => {
  await using api = await TestApi.start();
  const values: readonly (readonly [type: string, bytes: Uint8Array<ArrayBuffer>])[] = [
    ["application/octet-stream", every],
    ["text/plain; charset=utf-8", new TextEncoder().encode("Grüße, 世界\r\n")],
    ['application/vnd.x+json; profile="a;b"', new TextEncoder().encode('{"a": 1}')],
    ["image/png", new Uint8Array()],
  ];
  for (const [type, bytes] of values) {
    await t.step(type, async () => {
      const revision = await put(api, "value", bytes, { "content-type": type });
      const response = await api.kv("GET", "value");
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), type);
      assert.equal(response.headers.get("etag"), `"${revision}"`);
      assert.deepEqual(await response.bytes(), bytes);
      // Whatever is stored must never run as a page of this origin.
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      assert.equal(response.headers.get("content-security-policy"), "sandbox");
    });
  }
  const request = { method: "PUT", target: "/api/kv/untyped", body: "x" };
  assert.equal((await rawRequest(api.port, request)).status, 200);
  const untyped = await api.kv("GET", "untyped");
  assert.equal(untyped.headers.get("content-type"), "application/octet-stream");
  assert.equal(await untyped.text(), "x");
});

Deno.test("kv answers 404 with the key when it is absent", async () => {
  await using api = await TestApi.start();
  for (const method of ["GET", "DELETE"]) {
    const problem = await refused(await api.kv(method, "not/there"), "KEY_NOT_FOUND");
    assert.ok(problem.detail.includes('"not/there"'), problem.detail);
  }
});

Deno.test("kv gives every write a greater revision as its ETag", async () => {
  await using api = await TestApi.start();
  const first = await put(api, "a", "1");
  const second = await put(api, "b", "1");
  const third = await put(api, "a", "1");
  assert.ok(first < second && second < third);
  assert.equal((await list(api, {})).revision, third);
});

Deno.test("kv writes with If-Match only when the key is at that revision", async () => {
  await using api = await TestApi.start();
  const revision = await put(api, "k", "1");
  const ifMatch = (value: string, method = "PUT") =>
    api.kv(method, "k", {
      headers: { "if-match": value },
      ...(method === "PUT" ? { body: "2" } : {}),
    });
  const stale = await refused(await ifMatch(`"${revision + 1}"`), "PRECONDITION_FAILED");
  assert.ok(stale.detail.includes('"k"') && stale.detail.includes(`${revision + 1}`), stale.detail);
  assert.equal(await (await api.kv("GET", "k")).text(), "1");
  const current = await ifMatch(`"${revision}"`);
  assert.equal(current.status, 200, await current.text());
  await refused(await ifMatch(`"${revision}"`), "PRECONDITION_FAILED");
  await refused(await ifMatch(`"${revision}"`, "DELETE"), "PRECONDITION_FAILED");
  const deleted = await ifMatch(current.headers.get("etag") ?? "", "DELETE");
  assert.equal(deleted.status, 204);
  // An absent key has no revision, so it matches none.
  await refused(await ifMatch(`"${revision}"`), "PRECONDITION_FAILED");
  await refused(await ifMatch(`"${revision}"`, "DELETE"), "PRECONDITION_FAILED");
});

Deno.test("kv writes with If-None-Match: * only when the key is absent", async () => {
  await using api = await TestApi.start();
  const create = () => api.kv("PUT", "lock", { body: "me", headers: { "if-none-match": "*" } });
  const results = await Promise.all(Array.from({ length: 20 }, async () => {
    const response = await create();
    await response.body?.cancel();
    return response.status;
  }));
  assert.deepEqual(results.toSorted(), [200, ...Array.from({ length: 19 }, () => 412)]);
  const taken = await refused(await create(), "PRECONDITION_FAILED");
  assert.ok(taken.detail.includes('"lock" exists'), taken.detail);
  assert.equal(await statusOf(await api.kv("DELETE", "lock")), 204);
  const again = await create();
  assert.equal(again.status, 200, await again.text());
});

Deno.test("kv lets exactly one of many writers with the same ETag through", async () => {
  await using api = await TestApi.start();
  const etag = `"${await put(api, "counter", "0")}"`;
  const statuses = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
    const headers = { "if-match": etag };
    const response = await api.kv("PUT", "counter", { headers, body: String(index) });
    await response.body?.cancel();
    return response.status;
  }));
  assert.equal(statuses.filter((status) => status === 200).length, 1);
  assert.equal(statuses.filter((status) => status === 412).length, 19);
});

Deno.test("kv refuses conditions that it does not know, with the value", async () => {
  await using api = await TestApi.start();
  await put(api, "k", "1");
  const wrong: readonly Record<string, string>[] = [
    { "if-match": "1" },
    { "if-match": "*" },
    { "if-match": 'W/"1"' },
    { "if-match": '"0"' },
    { "if-match": '"1", "2"' },
    { "if-match": '"99999999999999999"' },
    { "if-match": '""' },
    { "if-none-match": '"1"' },
    { "if-none-match": "" },
    { "if-match": '"1"', "if-none-match": "*" },
  ];
  for (const headers of wrong) {
    const problem = await refused(
      await api.kv("PUT", "k", { headers, body: "2" }),
      "REQUEST_INVALID",
    );
    const [value = ""] = Object.values(headers);
    const isNamed = Object.keys(headers).length > 1 || problem.detail.includes(value);
    assert.ok(isNamed, problem.detail);
  }
  assert.equal(await (await api.kv("GET", "k")).text(), "1");
});

Deno.test("kv takes values up to exactly 1 MiB", async () => {
  await using api = await TestApi.start();
  const bytes = new Uint8Array(limits.kvValueBytes);
  crypto.getRandomValues(bytes.subarray(0, 65_536));
  await put(api, "big", bytes);
  assert.deepEqual(await (await api.kv("GET", "big")).bytes(), bytes);
  const body = new Uint8Array(limits.kvValueBytes + 1);
  const problem = await refused(await api.kv("PUT", "big", { body }), "BODY_TOO_LARGE");
  assert.match(problem.detail, /1MiB \(1048576 bytes\)/);
  assert.deepEqual(await (await api.kv("GET", "big")).bytes(), bytes);
});

Deno.test("kv keeps keys apart however they are written", async () => {
  await using api = await TestApi.start();
  const keys = [
    "a",
    "A",
    "a/b",
    "a/b/",
    "a//b",
    "/a",
    "a b",
    "a+b",
    "a%2Fb",
    "100%",
    "%",
    "a%20b",
    "ä",
    "a\u0308",
    "世界/鍵",
    "😀",
    "a?b=c",
    "a#b",
    "a;b",
    "a:b",
    "a,b",
    "a=b&c",
    "...",
    "~a",
    'a"b',
    "a'b",
    "a\\b",
    "{key}",
    "*",
    "user/a",
    "slice/x/y",
    "a\u2028b",
    "a\u00a0b",
    "k".repeat(384),
  ];
  for (const key of keys) await put(api, key, `value of ${key}`);
  for (const key of keys) {
    assert.equal(await (await api.kv("GET", key)).text(), `value of ${key}`, key);
  }
  const listed = (await list(api, {})).keys.map(({ key }) => key);
  assert.deepEqual(listed, keys.toSorted());
  for (const key of keys) assert.equal(await statusOf(await api.kv("DELETE", key)), 204, key);
  assert.deepEqual((await list(api, {})).keys, []);
});

Deno.test("kv reads an encoded slash as a slash and never climbs out of the key space", async () => {
  await using api = await TestApi.start();
  await put(api, "a/b", "1");
  assert.equal(await (await api.fetch("GET", "/api/kv/a%2Fb")).text(), "1");
  for (
    const target of ["/api/kv/../health", "/api/kv/x/../../member/node-1", "/api/kv/..%2fhealth"]
  ) {
    const answer = await rawRequest(api.port, { method: "GET", target });
    problemOf(answer, answer.body, "KEY_NOT_FOUND");
  }
  const before = (await list(api, {})).revision;
  const target = "/api/kv/../member/node-1";
  assert.equal((await rawRequest(api.port, { method: "PUT", target, body: "x" })).status, 200);
  assert.equal((await (await api.fetch("GET", "/api/nodes")).json()).nodes.length, 1);
  assert.equal((await list(api, { prefix: "../member" })).revision, before + 1);
});

Deno.test("kv refuses keys with control characters and keys that are too long", async () => {
  await using api = await TestApi.start();
  for (const text of ["%00", "a%0Ab", "a%0D%0Ab", "%09", "%1b[2J", "%7F"]) {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const body = method === "PUT" ? { body: "x" } : {};
      const problem = await refused(
        await api.fetch(method, `/api/kv/${text}`, body),
        "KEY_INVALID",
      );
      assert.match(problem.detail, /control character/);
    }
  }
  const long = await refused(await api.kv("PUT", "ä".repeat(193), { body: "x" }), "KEY_INVALID");
  assert.match(long.detail, /has 386 bytes; the limit is 384/);
});

Deno.test("kv limits the content type by the bytes that are stored with the value", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "aether-kv-" });
  try {
    const type = (filler: string) => `text/plain; x="${filler}"`;
    const send = async (api: TestApi, contentType: string) =>
      await rawRequest(api.port, {
        method: "PUT",
        target: "/api/kv/k",
        headers: { "content-type": contentType },
        body: "x",
      });
    {
      await using api = await TestApi.start({ node: { dataDir } });
      assert.equal((await send(api, type("y".repeat(240)))).status, 200);
      for (const filler of ["y".repeat(241), "\u00e9".repeat(121)]) {
        const answer = await send(api, type(filler));
        const { detail } = problemOf(answer, answer.body, "REQUEST_INVALID");
        assert.match(detail, /content type has 25[78] bytes; the limit is 256/);
      }
    }
    // What was taken can be read again after a restart.
    await using api = await TestApi.start({ node: { dataDir } });
    const response = await api.kv("GET", "k");
    assert.equal(response.headers.get("content-type"), type("y".repeat(240)));
    assert.equal(await response.text(), "x");
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("kvList pages through all keys in order, each once", async () => {
  await using api = await TestApi.start();
  const keys = Array.from({ length: 25 }, (_, index) => `page/${String(index).padStart(2, "0")}`);
  for (const key of keys.toReversed()) await put(api, key, key);
  await put(api, "page", "x");
  await put(api, "pagf", "x");
  const found: string[] = [];
  for (let after = "", isMore = true; isMore;) {
    const { keys: page, more } = await list(api, { prefix: "page/", after, limit: "10" });
    found.push(...page.map(({ key }) => key));
    after = found.at(-1) ?? "";
    isMore = more;
    assert.equal(page.length, more ? 10 : 5);
    assert.ok(page.every(({ bytes }) => bytes === "page/00".length));
  }
  assert.deepEqual(found, keys);
  assert.equal((await list(api, { prefix: "page/", limit: "25" })).more, false);
  assert.deepEqual((await list(api, { prefix: "nothing" })).keys, []);
  assert.deepEqual((await list(api, { after: "pagf" })).keys, []);
  assert.deepEqual((await list(api, { prefix: "page/", after: "a" })).keys.length, 25);
});

Deno.test("kvList shows the user's keys only, never those of the system or of slices", async () => {
  await using api = await TestApi.start();
  assert.deepEqual((await list(api, {})).keys, []);
  assert.deepEqual((await list(api, { prefix: "member/" })).keys, []);
  assert.deepEqual((await list(api, { after: "a" })).keys, []);
});

Deno.test("kvGet sees every acknowledged write at both levels of consistency", async () => {
  await using api = await TestApi.start();
  for (const consistency of ["local", "linearizable"]) {
    for (let round = 0; round < 20; round++) {
      await put(api, "k", `${consistency} ${round}`);
      const response = await api.fetch("GET", `/api/kv/k?consistency=${consistency}`);
      assert.equal(await response.text(), `${consistency} ${round}`);
    }
  }
});

Deno.test("kvGet is linearizable by default and asks for it before it reads", async () => {
  await using api = await TestApi.start();
  await put(api, "k", "1");
  const asked: string[] = [];
  api.control.store.readBarrier = () => {
    asked.push("barrier");
    return Promise.resolve();
  };
  const read = async (query: string) => {
    await (await api.fetch("GET", `/api/kv/k${query}`)).text();
    return asked.splice(0).length;
  };
  assert.equal(await read("?consistency=local"), 0);
  assert.equal(await read("?consistency=linearizable"), 1);
  assert.equal(await read(""), 1);
});

Deno.test("kv answers 503 when the store is full, and takes deletes and writes afterwards", async () => {
  await using api = await TestApi.start({
    store: { maxBytes: "1MiB", snapshotEveryBytes: "64KiB" },
  });
  const body = new Uint8Array(600 * 1024);
  await put(api, "first", body);
  const response = await api.kv("PUT", "second", { body });
  const problem = await refused(response, "STORE_FULL");
  assert.match(problem.detail, /of 1048576 bytes/);
  assert.equal(response.headers.get("retry-after"), "1");
  await refused(await api.kv("GET", "second"), "KEY_NOT_FOUND");
  assert.equal(await statusOf(await api.kv("DELETE", "first")), 204);
  await put(api, "second", body);
});
