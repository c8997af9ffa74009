import assert from "node:assert/strict";
import fc from "fast-check";
import { RequestIds, splitUrl } from "./request_reader.ts";

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
