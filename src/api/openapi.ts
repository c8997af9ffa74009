/**
 * The management API as an OpenAPI 3.1 document, from the route table.
 *
 * @module
 */
import { z } from "zod";
import { errorCatalog } from "../base/error_catalog.ts";
import type { Row } from "../protocol/api/row.ts";

const jsonType = "application/json";
const rawType = "application/octet-stream";
const streamType = "text/event-stream";
const parameterPattern = /\{([a-zA-Z]+)\+?\}/g;

/** The document of some rows. */
export function openApiDocument(
  rows: readonly { readonly name: string; readonly row: Row }[],
  version: string,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { name, row } of rows) {
    const path = row.path.replaceAll("+}", "}");
    const operations = paths[path] ?? {};
    paths[path] = operations;
    operations[row.method.toLowerCase()] = operation(name, row);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Aether management API",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      securitySchemes: { apiKey: { type: "http", scheme: "bearer" } },
      schemas: { Problem: problemSchema },
    },
  };
}

function operation(name: string, row: Row): Record<string, unknown> {
  const status = row.status ?? (row.response === "none" ? 204 : 200);
  return {
    operationId: name,
    summary: row.summary,
    description: `Role: ${row.role}`,
    ...(row.role === "public" ? {} : { security: [{ apiKey: [] }] }),
    parameters: parameters(row),
    ...(row.body === undefined ? {} : {
      requestBody: {
        required: true,
        content: row.body === "raw"
          ? { [rawType]: {} }
          : { [jsonType]: { schema: toSchema(row.body, "input") } },
      },
    }),
    responses: Object.fromEntries([
      ...[status, ...row.otherStatuses ?? []].map((each) => [each, success(row)]),
      ...problems(row),
      // Those of access and limits, which every row may answer.
      ["default", problemAnswer("Another problem")],
    ]),
  };
}

function parameters(row: Row): Record<string, unknown>[] {
  const inPath = [...row.path.matchAll(parameterPattern)].map(([, name]) => name);
  const places = [["query", row.query], ["header", row.headers]] as const;
  return [
    ...inPath.map((name) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...places.flatMap(([place, schema]) =>
      Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
        name,
        in: place,
        required: !(field as z.ZodType).safeParse(undefined).success,
        schema: toSchema(field as z.ZodType, "input"),
      }))
    ),
  ];
}

function success(row: Row): Record<string, unknown> {
  if (row.response === "none") return { description: "Done" };
  if (row.response === "stream") {
    const { message } = row;
    const description = "Server-Sent Events; the schema is that of the data of each";
    const media = message === undefined ? {} : { schema: toSchema(message, "output") };
    return { description, content: { [streamType]: media } };
  }
  return {
    description: "Done",
    content: row.response === "raw"
      ? { [rawType]: {} }
      : { [jsonType]: { schema: toSchema(row.response, "output") } },
  };
}

function problems(row: Row): [status: number, answer: unknown][] {
  const byStatus = Map.groupBy(row.errors, (name) => errorCatalog[name].status);
  return [...byStatus].map(([status, names]) => {
    const titles = names.map((name) => `${errorCatalog[name].code} ${errorCatalog[name].title}`);
    return [status, problemAnswer(titles.join("; "))];
  });
}

function problemAnswer(description: string): Record<string, unknown> {
  const schema = { $ref: "#/components/schemas/Problem" };
  return { description, content: { "application/problem+json": { schema } } };
}

function toSchema(schema: z.ZodType, io: "input" | "output"): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

const problemSchema = {
  type: "object",
  description: "Problem document (RFC 9457)",
  required: ["type", "title", "status", "detail", "code", "name", "hint"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string", examples: ["E3001"] },
    name: { type: "string" },
    hint: { type: "string" },
    issues: {
      type: "array",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: {
          path: { type: "string" },
          message: { type: "string" },
          line: { type: "integer" },
        },
      },
    },
    requestId: { type: "string" },
  },
};
