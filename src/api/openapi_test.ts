import assert from "node:assert/strict";
import { z } from "zod";
import type { Row } from "../protocol/api/row.ts";
import { openApiDocument } from "./openapi.ts";

const row: Row = {
  method: "PUT",
  path: "/things/{id}/files/{path+}",
  role: "operator",
  summary: "Puts a file",
  params: z.object({ id: z.string(), path: z.string() }),
  query: z.object({ force: z.coerce.boolean().default(false), by: z.string() }),
  headers: z.object({ "if-match": z.string().optional() }),
  body: z.object({ text: z.string() }),
  response: z.object({ revision: z.int() }),
  status: 201,
  otherStatuses: [200],
  errors: ["KEY_NOT_FOUND", "ARTIFACT_NOT_FOUND", "PRECONDITION_FAILED"],
};

Deno.test("openApiDocument() describes path, parameters, body and answers of a row", () => {
  const { paths } = openApiDocument([{ name: "putFile", row }], "1.2.3") as {
    paths: Record<string, Record<string, Record<string, unknown>>>;
  };
  assert.deepEqual(Object.keys(paths), ["/things/{id}/files/{path}"]);
  const operation = paths["/things/{id}/files/{path}"]?.put ?? {};
  assert.equal(operation.operationId, "putFile");
  assert.deepEqual(operation.security, [{ apiKey: [] }]);
  const parameters = operation.parameters as { name: string; in: string; required: boolean }[];
  assert.deepEqual(parameters.map((each) => [each.in, each.name, each.required]), [
    ["path", "id", true],
    ["path", "path", true],
    ["query", "force", false],
    ["query", "by", true],
    ["header", "if-match", false],
  ]);
  assert.deepEqual(operation.requestBody, {
    required: true,
    content: {
      "application/json": {
        schema: {
          type: "object",
          properties: { text: { type: "string" } },
          required: ["text"],
        },
      },
    },
  });
  const responses = operation.responses as Record<string, { description: string }>;
  assert.deepEqual(Object.keys(responses), ["200", "201", "404", "412", "default"]);
  assert.match(responses[404]?.description ?? "", /^E3001 .*; E4002 /);
});

Deno.test("openApiDocument() says nothing of keys for public rows, and 204 for no answer", () => {
  const open: Row = {
    method: "GET",
    path: "/open",
    role: "public",
    summary: "Open",
    response: "none",
    errors: [],
  };
  const { paths } = openApiDocument([{ name: "open", row: open }], "1.2.3") as {
    paths: Record<string, { get: Record<string, unknown> }>;
  };
  const operation = paths["/open"]?.get;
  assert.equal(operation?.security, undefined);
  assert.deepEqual(Object.keys(operation?.responses as object), ["204", "default"]);
});
