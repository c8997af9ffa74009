/**
 * Malformed requests to the management API, made of good ones of every row of the route table.
 *
 * @module
 */
import type { z } from "zod";
import type { SeededRandom } from "../../src/base/random.ts";
import type { Row } from "../../src/protocol/api/row.ts";
import { apiRows, type RowName } from "../../src/protocol/api/table.ts";
import { good, type Sample } from "../api_contract/samples.ts";
import { mutateBytes, mutateJson, mutateText, pick } from "./mutations.ts";

/** A request, and whether the row's schemas say that it must be refused. */
export interface FuzzRequest {
  readonly row: RowName;
  readonly method: string;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly mustBeRefused: boolean;
}

type Part = "params" | "query" | "headers" | "body";

/** Changes of the configuration that do no harm when one of them is valid after all. */
const ownSamples: Partial<Record<RowName, Sample>> = {
  overrideSet: { body: JSON.stringify({ key: "log.level", value: "error", node: "n1" }) },
  overrideRemove: { params: { key: "log.level" }, query: { node: "n1" } },
};
/** Rows of which a valid request changes who votes: the node would rightly have no quorum. */
const harmful: ReadonlySet<RowName> = new Set(["clusterAdd", "clusterRemove", "clusterPromote"]);
const methods = ["GET", "PUT", "POST", "DELETE", "PATCH", "BREW"];
const encoder = new TextEncoder();

const rows = apiRows().filter(({ name, row }) => !harmful.has(name) && partsOf(row).length > 0);

function partsOf(row: Row): Part[] {
  return (["params", "query", "headers", "body"] as const).filter((part) => row[part]);
}

/** Makes one request. */
export function fuzzRequest(random: SeededRandom): FuzzRequest {
  const { name, row } = pick(random, rows);
  const sample = ownSamples[name] ?? good[name];
  const part = pick(random, partsOf(row));
  const request = { row: name, method: row.method, headers: headersOf(sample.headers) };
  const target = targetOf(row, sample.params, sample.query);
  const body = bytesOf(sample.body);
  switch (part) {
    case "params": {
      const params = mutateFields(random, sample.params ?? {});
      const changed = targetOf(row, params, sample.query);
      return { ...request, target: changed, body, mustBeRefused: false };
    }
    case "query": {
      const query = mutateFields(random, sample.query ?? {});
      const mustBeRefused = !isValid(row.query, query);
      return { ...request, target: targetOf(row, sample.params, query), body, mustBeRefused };
    }
    case "headers": {
      const headers = mutateHeaders(random, row, sample.headers ?? {});
      const mustBeRefused = !isValid(row.headers, Object.fromEntries(headers));
      return { ...request, target, headers, body, mustBeRefused };
    }
    case "body": {
      if (random.nextBelow(20) === 0) {
        const method = pick(random, methods);
        return { ...request, method, target, ...(noBody(method, body)), mustBeRefused: false };
      }
      const changed = row.body === "raw"
        ? mutateBytes(random, body ?? Uint8Array.of(1), encoder.encode("=[{}]\n\u0000"))
        : mutateJsonBody(random, new TextDecoder().decode(body));
      const mustBeRefused = row.body !== "raw" && !isValidJson(row.body, changed);
      return { ...request, target, body: changed, mustBeRefused };
    }
  }
}

function noBody(
  method: string,
  body: Uint8Array<ArrayBuffer> | undefined,
): Pick<FuzzRequest, "body"> {
  return { body: method === "GET" ? undefined : body };
}

function mutateJsonBody(random: SeededRandom, text: string): Uint8Array<ArrayBuffer> {
  if (random.nextBelow(4) === 0) {
    return mutateBytes(random, encoder.encode(text), encoder.encode('{"a":[1,'));
  }
  return encoder.encode(JSON.stringify(mutateJson(random, JSON.parse(text))) ?? "");
}

function mutateFields(
  random: SeededRandom,
  fields: Readonly<Record<string, string>>,
): Record<string, string> {
  const copy = { ...fields };
  const names = Object.keys(copy);
  const name = names.length === 0 ? "x" : pick(random, names);
  copy[name] = mutateText(random, copy[name] ?? "");
  return copy;
}

function mutateHeaders(
  random: SeededRandom,
  row: Row,
  headers: Readonly<Record<string, string>>,
): [string, string][] {
  const names = Object.keys(row.headers?.shape ?? {});
  const name = pick(random, names);
  const text = mutateText(random, headers[name] ?? '"1"');
  // What HTTP itself does not take never gets as far as the API.
  const value = text.replace(/[^\x21-\x7e]/g, "?");
  return headersOf({ ...headers, [name]: value });
}

function headersOf(headers: Readonly<Record<string, string>> = {}): [string, string][] {
  return Object.entries(headers);
}

function targetOf(
  row: Row,
  params: Readonly<Record<string, string>> | undefined,
  query: Readonly<Record<string, string>> | undefined,
): string {
  const path = row.path.replace(/\{(\w+)\+?\}/g, (_, name: string) => {
    const value = (params?.[name] ?? "").toWellFormed();
    return value.split("/").map(encodeURIComponent).join("/");
  });
  return path + (query === undefined ? "" : `?${new URLSearchParams(query)}`);
}

function bytesOf(body: Sample["body"]): Uint8Array<ArrayBuffer> | undefined {
  return typeof body === "string" ? encoder.encode(body) : body;
}

function isValid(schema: z.ZodType | undefined, value: unknown): boolean {
  return schema === undefined || schema.safeParse(value).success;
}

function isValidJson(schema: Row["body"], bytes: Uint8Array): boolean {
  if (schema === undefined || schema === "raw") return true;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return schema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
