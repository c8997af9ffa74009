import assert from "node:assert/strict";
import { Hono } from "hono";
import { z } from "zod";
import type { Row } from "../../protocol/api/row.ts";
import { validator } from "./validation.ts";

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

/** What the check makes of a request to a row: its data, or the message of the error. */
async function validated(checked: Row, target: string, headers = {}): Promise<unknown> {
  const app = new Hono();
  const check = validator(checked);
  app.get("/:id", async (context) => context.json(await check(context)));
  app.onError((error, { text }) => text(error.message));
  const response = await app.fetch(new Request(`http://localhost${target}`, { headers }));
  const text = await response.text();
  return text.startsWith("{") ? JSON.parse(text) : text;
}

Deno.test("validator() gives what the schemas make of nothing when there is nothing", async () => {
  const defaults = { params: { id: "a" }, query: { limit: 5 }, headers: {} };
  assert.deepEqual(await validated(row, "/a"), defaults);
  assert.deepEqual(await validated(row, "/a", { accept: "x" }), defaults);
});

Deno.test("validator() asks the schemas about what is there", async () => {
  const headers = { "if-match": "x" };
  const expected = { params: { id: "a" }, query: { limit: 7 }, headers };
  assert.deepEqual(await validated(row, "/a?limit=7", headers), expected);
});

Deno.test("validator() refuses what does not fit, and names the part and the place", async () => {
  assert.match(String(await validated(row, "/abcd")), /^The request's param is not valid: id: /);
  assert.match(String(await validated(row, "/a?limit=10")), /^The request's query .*: limit: /);
  assert.match(
    String(await validated(row, "/a", { "if-match": "xyz" })),
    /^The request's header .*: if-match: /,
  );
});

Deno.test("validator() gives a list of what comes more than once, and nothing without a schema", async () => {
  const { params, response, method, path, role, summary, errors } = row;
  const query = z.object({ tag: z.array(z.string()) });
  const several = { params, response, method, path, role, summary, errors, query } satisfies Row;
  const expected = { params: { id: "a" }, query: { tag: ["x", "y z"] } };
  assert.deepEqual(await validated(several, "/a?tag=x&tag=y+z"), expected);
});

Deno.test("validator() refuses nothing where something is needed", async () => {
  const strict = { ...row, query: z.object({ limit: z.string() }) } satisfies Row;
  assert.match(String(await validated(strict, "/a")), /^The request's query .*: limit: /);
});

Deno.test("validator() lets everything pass for a row without schemas", async () => {
  const { params: _params, query: _query, headers: _headers, ...bare } = row;
  assert.deepEqual(await validated(bare, "/a?limit=x"), {});
});
