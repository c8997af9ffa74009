import assert from "node:assert/strict";
import { z } from "zod";
import { fillPath } from "../../src/client/request.ts";
import type { Row } from "../../src/protocol/api/row.ts";
import { apiRows } from "../../src/protocol/api/table.ts";
import { good, prepare } from "./samples.ts";
import { eventData, TestApi, textOf } from "./setup.ts";

// The parts of OpenAPI 3.1 that this document uses, strictly: a misspelled field is an error.
const schema = z.looseObject({});
const content = z.record(
  z.string().regex(/^\w+\/[\w.+-]+$/),
  z.strictObject({ schema: schema.optional() }),
);
const response = z.strictObject({ description: z.string().min(1), content: content.optional() });
const parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(["path", "query", "header", "cookie"]),
  required: z.boolean(),
  schema,
  description: z.string().optional(),
});
const operation = z.strictObject({
  operationId: z.string().regex(/^[a-zA-Z]+$/),
  summary: z.string().min(1),
  description: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ required: z.boolean(), content }).optional(),
  responses: z.record(z.string().regex(/^([1-5]\d\d|default)$/), response),
});
const documentSchema = z.strictObject({
  openapi: z.literal("3.1.0"),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  paths: z.record(
    z.string().startsWith("/"),
    z.partialRecord(z.enum(["get", "head", "put", "post", "delete"]), operation),
  ),
  components: z.strictObject({
    securitySchemes: z.record(z.string(), z.strictObject({ type: z.string(), scheme: z.string() })),
    schemas: z.record(z.string(), schema),
  }),
});
type OpenApi = z.output<typeof documentSchema>;
type Operation = z.output<typeof operation>;

async function documentOf(api: TestApi): Promise<OpenApi> {
  const answer = await api.fetch("GET", "/api/openapi.json");
  return documentSchema.parse(await answer.json());
}

function operationOf(document: OpenApi, row: Row): Operation {
  const method = row.method.toLowerCase() as "get";
  const found = document.paths[row.path.replaceAll("+}", "}")]?.[method];
  assert.ok(found, `${row.method} ${row.path} is not in the document`);
  return found;
}

/** Every `$ref` in a value, wherever it is. */
function refsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    name === "$ref" && typeof child === "string" ? [child] : refsIn(child)
  );
}

function resolve(document: unknown, ref: string): unknown {
  assert.ok(ref.startsWith("#/"), ref);
  return ref.slice(2).split("/").reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    document,
  );
}

/** The schema of a JSON answer with a status, with its references resolved one level deep. */
function answerSchema(document: OpenApi, { responses }: Operation, status: number): z.ZodType {
  const media = (responses[String(status)] ?? responses.default)?.content ?? {};
  const found = Object.values(media)[0]?.schema;
  assert.ok(found, `There is no schema for status ${status}`);
  const [ref] = refsIn(found);
  const target = ref === undefined ? found : resolve(document, ref);
  return z.fromJSONSchema(target as Parameters<typeof z.fromJSONSchema>[0]);
}

Deno.test("openApiDocument() is OpenAPI 3.1 whose references resolve", async () => {
  await using api = await TestApi.start();
  const document = await documentOf(api);
  const refs = refsIn(document);
  assert.ok(refs.length > 0);
  for (const ref of refs) assert.ok(resolve(document, ref), ref);
  for (const operations of Object.values(document.paths)) {
    for (const { security = [] } of Object.values(operations)) {
      for (const name of security.flatMap(Object.keys)) {
        assert.ok(document.components.securitySchemes[name], name);
      }
    }
  }
});

Deno.test("openApiDocument() has every row once, with its role, parameters and body", async (t) => {
  await using api = await TestApi.start();
  const document = await documentOf(api);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.deepEqual(
    operations.map(({ operationId }) => operationId).toSorted(),
    apiRows().map(({ name }) => name).toSorted(),
  );
  for (const { name, row } of apiRows()) {
    await t.step(name, () => {
      const found = operationOf(document, row);
      assert.equal(found.operationId, name);
      assert.equal(found.security === undefined, row.role === "public");
      const names = (place: string) =>
        found.parameters.filter((each) => each.in === place).map((each) => each.name).toSorted();
      const inPath = [...row.path.matchAll(/\{(\w+)\+?\}/g)].map(([, each]) => each ?? "");
      assert.deepEqual(names("path"), inPath.toSorted());
      assert.deepEqual(names("path"), Object.keys(row.params?.shape ?? {}).toSorted());
      assert.deepEqual(names("query"), Object.keys(row.query?.shape ?? {}).toSorted());
      assert.deepEqual(names("header"), Object.keys(row.headers?.shape ?? {}).toSorted());
      assert.ok(found.parameters.every((each) => each.required === (each.in === "path")));
      assert.equal(found.requestBody === undefined, row.body === undefined);
    });
  }
});

Deno.test("openApiDocument() describes what every row really answers", async (t) => {
  await using api = await TestApi.start();
  await prepare(api);
  const document = await documentOf(api);
  for (const { name, row } of apiRows()) {
    await t.step(name, async () => {
      const { params, query, headers, body } = good[name];
      const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
      const response = await api.fetch(row.method, fillPath(row.path, params) + search, {
        ...(headers === undefined ? {} : { headers }),
        ...(body === undefined ? {} : { body }),
      });
      const text = await textOf(row, response);
      const described = operationOf(document, row);
      const statuses = Object.keys(described.responses);
      assert.ok(statuses.includes(String(response.status)), `${response.status}: ${statuses}`);
      if (row.response === "raw" || row.response === "none") return;
      const answer = row.response === "stream" ? eventData(text) : JSON.parse(text);
      answerSchema(document, described, response.status).parse(answer);
    });
  }
});

Deno.test("openApiDocument() describes other answers: created, not ready, problems", async () => {
  await using api = await TestApi.start();
  const document = await documentOf(api);
  const rows = new Map(apiRows().map(({ name, row }) => [name, row]));
  const check = async (
    name: Parameters<typeof rows.get>[0],
    response: Response,
    status: number,
  ) => {
    const row = rows.get(name);
    assert.ok(row);
    assert.equal(response.status, status);
    const described = operationOf(document, row);
    const media = (described.responses[status] ?? described.responses.default)?.content ?? {};
    assert.deepEqual(Object.keys(media), [response.headers.get("content-type")]);
    answerSchema(document, described, status).parse(await response.json());
  };
  const path = "/repository/org/example/a/1.0.0/a-1.0.0.txt";
  await check("repositoryPut", await api.fetch("PUT", path, { body: "a" }), 201);
  await check("repositoryPut", await api.fetch("PUT", path, { body: "b" }), 409);
  await check("kvGet", await api.kv("GET", "nothing"), 404);
  await check("kvList", await api.fetch("GET", "/api/kv?limit=x"), 400);
  Object.defineProperty(api.control.barrier, "applied", { value: -1 });
  await check("healthReady", await api.fetch("GET", "/health/ready"), 503);
});
