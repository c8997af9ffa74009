import assert from "node:assert/strict";
import { Hono } from "hono";
import { z } from "zod";
import type { Row } from "../protocol/api/row.ts";
import { validators } from "./validation.ts";

const row = {
  method: "GET",
  path: "/{id}",
  role: "viewer",
  summary: "A row",
  params: z.object({ id: z.string().max(3) }),
  query: z.object({ limit: z.coerce.number().max(9).default(5) }),
  headers: z.object({ "if-match": z.string().max(2).optional() }),
  response: "none",
  errors: [],
} satisfies Row;

/** What the checks make of a request to a row: its data, or the message of the error. */
async function validated(checked: Row, target: string, headers = {}): Promise<unknown> {
  const app = new Hono();
  for (const validator of validators(checked)) app.use("/:id", validator);
  app.get("/:id", ({ req, json }) => {
    const valid = req.valid as (part: string) => unknown;
    return json(["param", "query", "header"].map((part) => valid.call(req, part) ?? null));
  });
  app.onError((error, { text }) => text(error.message));
  const response = await app.fetch(new Request(`http://localhost${target}`, { headers }));
  const text = await response.text();
  return text.startsWith("[") ? JSON.parse(text) : text;
}

Deno.test("validators() gives what the schemas make of nothing when there is nothing", async () => {
  assert.deepEqual(await validated(row, "/a"), [{ id: "a" }, { limit: 5 }, {}]);
  assert.deepEqual(await validated(row, "/a", { accept: "x" }), [{ id: "a" }, { limit: 5 }, {}]);
});

Deno.test("validators() asks the schemas about what is there", async () => {
  const headers = { "if-match": "x" };
  assert.deepEqual(await validated(row, "/a?limit=7", headers), [
    { id: "a" },
    { limit: 7 },
    headers,
  ]);
});

Deno.test("validators() refuses what does not fit, and names the part and the place", async () => {
  assert.match(String(await validated(row, "/abcd")), /^The request's param is not valid: id: /);
  assert.match(String(await validated(row, "/a?limit=10")), /^The request's query .*: limit: /);
  assert.match(
    String(await validated(row, "/a", { "if-match": "xyz" })),
    /^The request's header .*: if-match: /,
  );
});

Deno.test("validators() refuses nothing where something is needed", async () => {
  const strict = { ...row, query: z.object({ limit: z.string() }) } satisfies Row;
  assert.match(String(await validated(strict, "/a")), /^The request's query .*: limit: /);
});

Deno.test("validators() are none for a row without schemas", () => {
  const { params: _params, query: _query, headers: _headers, ...bare } = row;
  assert.deepEqual(validators(bare), []);
});
