import assert from "node:assert/strict";
import type { MethodManifest } from "../protocol/slice/manifest.ts";
import { sampleOf, tryLines } from "./try_lines.ts";

function method(
  route: string,
  input: Record<string, unknown>,
  output: Record<string, unknown> = {},
): MethodManifest {
  const [verb, path = ""] = route.split(" ");
  return {
    input,
    output,
    http: { method: verb as "GET", path, status: 200 },
    idempotent: false,
    timeoutMs: 1000,
    headers: [],
  };
}

Deno.test("tryLines() makes a curl line for each route, writes first", () => {
  const code = { type: "object", properties: { code: { type: "string" } }, required: ["code"] };
  const url = { type: "object", properties: { url: { type: "string", format: "uri" } } };
  const lines = tryLines("http://a:1", [
    method("GET /urls/:code", code),
    method("POST /urls", { ...url, required: ["url"] }),
    method("GET /search", { ...code }),
  ]);
  assert.deepEqual(lines, [
    `curl http://a:1/urls -H 'content-type: application/json' -d '{"url":"https://example.com/a/long/path"}'`,
    "curl http://a:1/urls/hello",
    "curl 'http://a:1/search?code=hello'",
  ]);
});

Deno.test("tryLines() makes what a path needs by the method that makes it", () => {
  const url = { type: "object", properties: { url: { type: "string" } }, required: ["url"] };
  const code = { type: "object", properties: { code: { type: "string" } }, required: ["code"] };
  const post = `http://a:1/urls -H 'content-type: application/json' -d '{"url":"hello"}'`;
  const lines = tryLines("http://a:1", [
    method("GET /urls/:code", code, url),
    method("POST /urls", url, code),
  ]);
  assert.deepEqual(lines, [
    `curl ${post}`,
    `curl "http://a:1/urls/$(curl -s ${post} | sed 's/.*"code":"\\([^"]*\\)".*/\\1/')"`,
  ]);
});

Deno.test("tryLines() leaves out methods without a route and escapes quotes", () => {
  const { http: _, ...internal } = method("GET /x", {});
  const quoting = { type: "object", properties: { t: { const: "it's" } }, required: ["t"] };
  const lines = tryLines("http://a:1", [internal, method("PUT /x", quoting)]);
  assert.deepEqual(lines, [
    `curl -X PUT http://a:1/x -H 'content-type: application/json' -d '{"t":"it'\\''s"}'`,
  ]);
});

Deno.test("sampleOf() makes values that a schema accepts", () => {
  const cases: [schema: Record<string, unknown>, sample: unknown][] = [
    [{ type: "string", minLength: 7 }, "helloxx"],
    [{ type: "string", maxLength: 2 }, "he"],
    [{ type: "integer", minimum: 5 }, 5],
    [{ type: "integer", minimum: Number.MIN_SAFE_INTEGER }, 1],
    [{ type: "number", exclusiveMinimum: 0 }, 1],
    [{ type: "boolean" }, true],
    [{ enum: ["b", "c"] }, "b"],
    [{ default: 9 }, 9],
    [{ type: "array", items: { type: "integer" } }, [1]],
    [{ anyOf: [{ type: "null" }, { type: "string" }] }, null],
  ];
  for (const [schema, sample] of cases) assert.deepEqual(sampleOf(schema), sample);
});

Deno.test("sampleOf() ends on schemas that contain themselves", () => {
  const loop: Record<string, unknown> = { type: "array" };
  loop.items = loop;
  assert.ok(Array.isArray(sampleOf(loop)));
});
