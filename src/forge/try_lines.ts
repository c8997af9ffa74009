/**
 * Command lines that call what is deployed, for a first look: one `curl` for each HTTP method of a
 * slice, with values made up from the method's JSON Schema.
 *
 * @module
 */
import type { MethodManifest } from "../protocol/slice/manifest.ts";

type Schema = Readonly<Record<string, unknown>>;

/** A curl line for each method with a route; writes come first, since reads may need them. */
export function tryLines(app: string, methods: readonly MethodManifest[]): string[] {
  const routed = methods.filter((method) => method.http !== undefined);
  const isRead = (method: MethodManifest) => method.http?.method === "GET";
  const ordered = [...routed.filter((each) => !isRead(each)), ...routed.filter(isRead)];
  return ordered.flatMap((method) => curlLine(app, method) ?? []);
}

function curlLine(app: string, { http, input }: MethodManifest): string | undefined {
  if (http === undefined) return undefined;
  const sample = sampleOf(input);
  const values = typeof sample === "object" && sample !== null
    ? { ...sample as Record<string, unknown> }
    : {};
  const path = http.path.replaceAll(/:([^/]+)/g, (_, name: string) => {
    const value = values[name];
    delete values[name];
    return encodeURIComponent(String(value ?? name));
  });
  if (http.method === "GET" || http.method === "DELETE") {
    const query = new URLSearchParams(
      Object.entries(values).map(([name, value]) => [name, String(value)]),
    );
    const method = http.method === "GET" ? "" : `-X ${http.method} `;
    return `curl ${method}${quoted(app + path + (query.size === 0 ? "" : `?${query}`))}`;
  }
  const method = http.method === "POST" ? "" : `-X ${http.method} `;
  const json = JSON.stringify(values);
  const body = `-H 'content-type: application/json' -d ${quoted(json, true)}`;
  return `curl ${method}${quoted(app + path)} ${body}`;
}

/** For a POSIX shell; plain words stay as they are unless quotes are wanted. */
function quoted(text: string, always = false): string {
  if (!always && /^[\w:/.%+-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const texts: Readonly<Record<string, string>> = {
  uri: "https://example.com/a/long/path",
  url: "https://example.com/a/long/path",
  email: "ada@example.com",
  uuid: "123e4567-e89b-42d3-a456-426614174000",
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
};
const depthMax = 8;

/** A value that a JSON Schema most likely accepts: what it names, else something simple. */
export function sampleOf(schema: Schema, name = "text", depth = 0): unknown {
  if (depth > depthMax) return null;
  if ("default" in schema) return schema.default;
  if ("const" in schema) return schema.const;
  for (const list of [schema.examples, schema.enum]) {
    if (Array.isArray(list) && list.length > 0) return list[0];
  }
  const branches = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (Array.isArray(branches)) return sampleOf(branches[0] as Schema ?? {}, name, depth + 1);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object":
      return sampleObject(schema, depth);
    case "array":
      return [sampleOf(schema.items as Schema ?? {}, name, depth + 1)];
    case "string":
      return sampleText(schema, name);
    case "integer":
    case "number":
      return numberOf(schema.minimum) ?? (numberOf(schema.exclusiveMinimum) ?? 0) + 1;
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return "hello";
  }
}

/** Only what is required, to keep lines short. */
function sampleObject({ properties, required }: Schema, depth: number): Record<string, unknown> {
  const names = Array.isArray(required) ? required.map(String) : [];
  const known = properties as Readonly<Record<string, Schema>> | undefined ?? {};
  return Object.fromEntries(
    names.map((name) => [name, sampleOf(known[name] ?? {}, name, depth + 1)]),
  );
}

function sampleText({ format, minLength, maxLength }: Schema, name: string): string {
  const known = texts[String(format)];
  if (known !== undefined) return known;
  const base = /name/i.test(name) ? "Ada" : "hello";
  return base.padEnd(numberOf(minLength) ?? 0, "x").slice(0, numberOf(maxLength));
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
}
