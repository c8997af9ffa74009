import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { httpMethods } from "../protocol/slice/http_method.ts";
import { contract, method, type MethodSpec, parseRoute } from "./contract.ts";
import { SliceError } from "./slice_error.ts";

const empty = z.object({});

/** A contract with one method of this name. */
function withMethod(name: string, spec: Partial<MethodSpec> = {}) {
  return contract("org.example:a", { [name]: method({ input: empty, output: empty, ...spec }) });
}

Deno.test("contract() holds what it was given and cannot be changed", () => {
  const echo = contract("org.example:echo", {
    echo: method({ input: z.object({ text: z.string() }), output: empty, http: "POST /echo" }),
  });
  assert.equal(echo.kind, "contract");
  assert.equal(echo.name, "org.example:echo");
  assert.equal(echo.methods.echo.http, "POST /echo");
  assert.deepEqual(echo.errorSpecs, {});
  assert.throws(() => Object.assign(echo.methods, { other: 1 }), TypeError);
  assert.throws(() => Object.assign(echo, { name: "org.example:other" }), TypeError);
});

Deno.test("contract() makes an error with its code, status and data from each spec", () => {
  const shop = contract("org.example:shop", {}, {
    errors: {
      SOLD_OUT: { status: 409 },
      NO_ITEM: { status: 404, data: z.object({ id: z.string() }) },
    },
  });
  const soldOut = shop.errors.SOLD_OUT("Nothing is left");
  assert.ok(soldOut instanceof SliceError);
  assert.deepEqual([soldOut.code, soldOut.status, soldOut.data], ["SOLD_OUT", 409, undefined]);
  const noItem = shop.errors.NO_ITEM("No item 7", { id: "7" });
  assert.deepEqual([noItem.message, noItem.status, noItem.data], ["No item 7", 404, { id: "7" }]);
});

Deno.test("contract() refuses names that are no names", () => {
  for (const name of ["", "echo", "org:echo", "org.example:Echo", "org.example:echo:1.0.0"]) {
    assert.throws(() => contract(name, {}), /is not valid: write group:name/, name);
  }
  for (const name of ["", "Echo", "e-cho", "1a", "_a", "a".repeat(64)]) {
    assert.throws(() => withMethod(name), /must be named in camelCase/, name);
  }
  for (const code of ["", "lower", "A", "1A", "A-B"]) {
    const errors = { [code]: { status: 400 } };
    assert.throws(() => contract("org.example:a", {}, { errors }), /must be in UPPER_CASE/, code);
  }
});

Deno.test("contract() refuses a method that `await` would take for a promise", () => {
  assert.throws(() => withMethod("then"), /Method then of org.example:a must have another name/);
});

Deno.test("contract() refuses numbers that mean nothing", () => {
  for (const status of [100, 199, 600, 200.5, Number.NaN]) {
    assert.throws(() => withMethod("a", { status }), /choose 200 to 599/);
  }
  for (const status of [200, 399, 600]) {
    const errors = { BAD: { status } };
    assert.throws(() => contract("org.example:a", {}, { errors }), /choose 400 to 599/);
  }
  for (const timeoutMs of [0, -1, 3_600_001, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => withMethod("a", { timeoutMs }), /choose 1 to 3600000/);
  }
  withMethod("a", { status: 204, timeoutMs: 3_600_000 });
});

Deno.test("contract() refuses headers that no request can have", () => {
  withMethod("a", { headers: ["Accept-Language", "x_1"] });
  for (const name of ["", "two words", "a:b", "ä", "a\n"]) {
    assert.throws(() => withMethod("a", { headers: ["ok", name] }), /is not a header name/, name);
  }
});

Deno.test("contract() refuses a malformed route, naming the method", () => {
  const http = "GET urls" as "GET /urls";
  assert.throws(() => withMethod("list", { http }), /Method list of org.example:a has route "GET/);
});

Deno.test("parseRoute() gives method, path and parameters back", () => {
  const anySegment = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9._~-]{1,8}$/).filter((text) => !/^\.{1,2}$/.test(text)),
    fc.stringMatching(/^:[A-Za-z][A-Za-z0-9]{0,5}$/),
  );
  const anyPath = fc.uniqueArray(anySegment, { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...httpMethods), anyPath, (verb, segments) => {
      const path = `/${segments.join("/")}`;
      const parameters = segments.filter((text) => text[0] === ":").map((text) => text.slice(1));
      assert.deepEqual(parseRoute(`${verb} ${path}`), { method: verb, path, parameters });
    }),
    { seed: 1 },
  );
});

Deno.test("parseRoute() says what is wrong with a route", () => {
  const wrong: [string, RegExp][] = [
    ["", /write METHOD \/path/],
    ["GET", /write METHOD \/path/],
    ["GET urls", /write METHOD \/path/],
    ["GET /a b", /write METHOD \/path/],
    ["GET  /a", /write METHOD \/path/],
    ["get /a", /use one of GET, HEAD/],
    ["TRACE /a", /use one of GET, HEAD/],
    ["GET /a/", /segment "" must be/],
    ["GET //", /segment "" must be/],
    ["GET /:", /segment ":" must be/],
    ["GET /:a-b", /segment ":a-b" must be/],
    ["GET /a:b", /segment "a:b" must be/],
    ["GET /*", /segment "\*" must be/],
    ["GET /a?b", /segment "a\?b" must be/],
    ["GET /%41", /segment "%41" must be/],
    ["GET /a/../b", /segment ".." must be/],
    ["GET /./b", /segment "." must be/],
    ["GET /:a/:a", /a parameter appears twice/],
  ];
  for (const [text, message] of wrong) assert.throws(() => parseRoute(text), message, text);
});
