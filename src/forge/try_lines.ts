/**
 * Command lines that call what is deployed, for a first look: one `curl` for each HTTP method of a
 * slice, with values made up from the method's JSON Schema.
 *
 * @module
 */
import type { MethodManifest } from "../protocol/slice/manifest.ts";

type Schema = Readonly<Record<string, unknown>>;

/**
 * A curl line for each method with a route, each of which works by itself; writes come first.
 *
 * A path parameter that another method makes, such as the code of a new link, is made on the way.
 *
 * @param app URL such as `http://127.0.0.1:8070`
 */
export function tryLines(app: string, methods: readonly MethodManifest[]): string[] {
  const routed = methods.flatMap((method) => method.http === undefined ? [] : [method as Routed]);
  const isRead = (method: Routed) => method.http.method === "GET";
  const ordered = [...routed.filter((each) => !isRead(each)), ...routed.filter(isRead)];
  return ordered.map((method) => `curl ${request(app, method, makers(app, routed))}`);
}

/** A method with a route. */
type Routed = MethodManifest & { readonly http: NonNullable<MethodManifest["http"]> };

/** Shell text that makes the value of a parameter, by the parameter's name. */
type Makers = ReadonlyMap<string, string>;

/** Parameters that come out of a POST that does not need them. */
function makers(app: string, methods: readonly Routed[]): Makers {
  const found = new Map<string, string>();
  for (const method of methods) {
    const { http, input, output } = method;
    if (http.method !== "POST" || http.path.includes("/:")) continue;
    for (const [name, schema] of Object.entries(propertiesOf(output))) {
      if (schema.type !== "string" || name in propertiesOf(input) || found.has(name)) continue;
      const take = `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`;
      found.set(name, `$(curl -s ${request(app, method, new Map())} | ${take})`);
    }
  }
  return found;
}

/** Everything after `curl`. */
function request(app: string, { http, input }: Routed, made: Makers): string {
  const values = sampleObject(input, 0);
  let isMade = false;
  const path = http.path.replaceAll(/:([^/]+)/g, (_, name: string) => {
    const value = String(values[name] ?? name);
    delete values[name];
    const maker = made.get(name);
    isMade ||= maker !== undefined;
    return maker ?? encodeURIComponent(value);
  });
  const method = { GET: "", POST: "" }[http.method as string] ?? `-X ${http.method} `;
  if (http.method === "GET" || http.method === "DELETE") {
    const query = new URLSearchParams(
      Object.entries(values).map(([name, value]) => [name, String(value)]),
    );
    const url = app + path + (query.size === 0 ? "" : `?${query}`);
    return method + (isMade ? `"${url}"` : quoted(url));
  }
  const body = `-H 'content-type: application/json' -d ${quoted(JSON.stringify(values), true)}`;
  return `${method}${isMade ? `"${app}${path}"` : quoted(app + path)} ${body}`;
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

function propertiesOf({ properties }: Schema): Readonly<Record<string, Schema>> {
  return properties as Readonly<Record<string, Schema>> | undefined ?? {};
}

/** Only what is required, to keep lines short. */
function sampleObject(schema: Schema, depth: number): Record<string, unknown> {
  const names = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const known = propertiesOf(schema);
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
