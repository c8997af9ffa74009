import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../base/errors.ts";
import { readBody, RequestIds, splitUrl } from "./request_reader.ts";

const json = { "content-type": "application/json" };

function post(body: BodyInit | null, headers: Record<string, string>): Request {
  return new Request("http://app/", { method: "POST", body, headers });
}

/** A body that comes in pieces. */
function chunked(...chunks: readonly Uint8Array<ArrayBuffer>[]): Request {
  const body = ReadableStream.from(chunks);
  return post(body, { ...json, "transfer-encoding": "chunked" });
}

/** Why a body is refused. */
async function refusal(request: Request, maxBytes = 100): Promise<string> {
  try {
    await readBody(request, maxBytes);
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    return error.name;
  }
  return assert.fail("It was read");
}

Deno.test("RequestIds.of() keeps a valid id", () => {
  const ids = new RequestIds();
  for (const id of ["a", "A-b_c.d~1", "x".repeat(64)]) {
    assert.equal(ids.of(new Headers({ "x-request-id": id })), id);
  }
});

Deno.test("RequestIds.of() makes a new id for every request without a valid one", () => {
  const ids = new RequestIds();
  const given = ["", "a b", "a\tb", "ü", "x".repeat(65), "a,b", "<script>", '"'];
  const made = [
    ...given.map((id) => ids.of(new Headers({ "x-request-id": id }))),
    ...Array.from({ length: 100 }, () => ids.of(new Headers())),
    new RequestIds().of(new Headers()),
  ];
  assert.equal(new Set(made).size, made.length);
  for (const id of made) {
    assert.match(id, /^[a-z0-9-]{10,64}$/);
    assert.equal(ids.of(new Headers({ "x-request-id": id })), id, "it is valid itself");
  }
});

Deno.test("splitUrl() cuts a URL as it is on the wire", () => {
  assert.deepEqual(splitUrl("http://h/a%2Fb/?x=1&y=/?"), { path: "/a%2Fb/", query: "x=1&y=/?" });
  assert.deepEqual(splitUrl("http://h:80/"), { path: "/", query: "" });
  assert.deepEqual(splitUrl("http://h"), { path: "/", query: "" });
  assert.deepEqual(splitUrl("http://h/a?"), { path: "/a", query: "" });
  assert.deepEqual(splitUrl("http://h/a//b/../c"), { path: "/a//b/../c", query: "" });
});

Deno.test("splitUrl() agrees with URL", () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), (text) => {
      const { href, pathname, search } = new URL(text);
      const { path, query } = splitUrl(href);
      assert.deepEqual([path, query], [pathname, search.slice(1)]);
    }),
    { seed: 1 },
  );
});

Deno.test("readBody() reads no body as null", () => {
  assert.equal(readBody(new Request("http://app/"), 10), null);
  assert.equal(readBody(post(null, { "content-length": "0", "content-type": "text/x" }), 10), null);
});

Deno.test("readBody() reads JSON of any kind, up to its limit", async () => {
  const text = '{"a":"ü"}';
  const length = String(new TextEncoder().encode(text).length);
  const types = [
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/merge-patch+json",
  ];
  for (const type of types) {
    const headers = { "content-length": length, "content-type": type };
    assert.equal(await readBody(post(text, headers), 10), text);
  }
});

Deno.test("readBody() refuses other content types", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "json", "", ";"]) {
    const headers = { "content-length": "2", "content-type": type };
    assert.equal(await refusal(post("{}", headers)), "CONTENT_TYPE_REFUSED", type);
  }
});

Deno.test("readBody() refuses a body that says it is too large, unread", async () => {
  const headers = { ...json, "content-length": "101" };
  const request = post("x".repeat(101), headers);
  assert.equal(await refusal(request), "BODY_TOO_LARGE");
  assert.equal(request.bodyUsed, false);
});

Deno.test("readBody() refuses a length that is not one number", async () => {
  for (const length of ["5, 5", "5,6", "-1", "+5", "0x5", "5.0", "1e1", "9".repeat(20), " "]) {
    const request = post("{}", json);
    const headers = new Headers(request.headers);
    headers.set("content-length", length);
    const error = await refusal(new Request(request, { headers }));
    assert.equal(error, "REQUEST_INVALID", length);
  }
});

Deno.test("readBody() refuses a length beside a transfer encoding", async () => {
  for (const length of ["2", "0"]) {
    const headers = { ...json, "content-length": length, "transfer-encoding": "chunked" };
    assert.equal(await refusal(post("{}", headers)), "REQUEST_INVALID");
  }
});

Deno.test("readBody() puts pieces together, wherever they are cut", async () => {
  const text = '{"a":"ü\u{1f511}"}';
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const request = chunked(bytes.slice(0, cut), bytes.slice(cut));
    assert.equal(await readBody(request, bytes.length), text);
  }
});

Deno.test("readBody() stops reading pieces at the limit", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(30));
    },
  }, { highWaterMark: 0 });
  const request = post(body, { ...json, "transfer-encoding": "chunked" });
  assert.equal(await refusal(request, 100), "BODY_TOO_LARGE");
  assert.ok(pulled <= 5, `${pulled} pieces were read`);
});
