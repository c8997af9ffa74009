/**
 * Writes a typed client of a slice for callers outside the cluster: one file, plain fetch.
 *
 * It is made from the manifest, so it needs neither the slice's sources nor zod. Methods without a
 * route, and sockets, cannot be called that way and are left out. `aether slice client` calls it.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { parseCoordinates } from "../../protocol/coordinates.ts";
import type { Manifest, MethodManifest } from "../../protocol/slice/manifest.ts";
import { clientRuntime } from "./runtime.ts";
import { type JsonSchema, schemaTypes } from "./schema_type.ts";

/** A generated client. */
export interface GeneratedClient {
  /** The module's text. */
  readonly text: string;
  /** Name of the class. */
  readonly className: string;
  /** What was left out and why. */
  readonly notices: readonly string[];
}

/**
 * The client of a slice.
 *
 * @throws {AetherError} SLICE_INVALID when no method can be called over HTTP.
 */
export function generateClient(
  { artifact, definition }: Pick<Manifest, "artifact" | "definition">,
): GeneratedClient {
  const name = pascal(parseCoordinates(artifact).name);
  const types = new Map<string, string>();
  const methods: string[] = [];
  const notices: string[] = [];
  for (const [method, spec] of Object.entries(definition.methods)) {
    if (spec.trigger !== undefined) continue;
    if (spec.http === undefined) notices.push(`${method} has no route: left out`);
    else if (spec.stream === "socket") {
      notices.push(`${method} is a socket at ${spec.http.path}: left out, use WebSocket`);
    } else methods.push(methodText(method, spec, spec.http, types));
  }
  if (methods.length === 0) {
    throw new AetherError("SLICE_INVALID", `No method of ${artifact} has an HTTP route`, {
      hint: 'Give a method a route, e.g. http: "POST /orders", or call it from another slice',
    });
  }
  const text = [
    `/**
 * Client of ${artifact}, made by \`aether slice client\`: do not edit.
 *
 * @module
 */`,
    [...types].map(([type, value]) => `export type ${type} = ${value};\n`).join(""),
    errorsText(name, definition.errors),
    clientRuntime.replaceAll("NAME", name),
    `/** Calls ${artifact}. */
export class ${name}Client {
  readonly #transport: Transport;

  constructor(options: ${name}ClientOptions) {
    this.#transport = new Transport(options);
  }

${methods.join("\n")}}
`.replaceAll("CALL_OPTIONS", `${name}CallOptions`),
  ].join("\n");
  return { text, className: `${name}Client`, notices };
}

function methodText(
  method: string,
  spec: MethodManifest,
  { method: verb, path }: NonNullable<MethodManifest["http"]>,
  types: Map<string, string>,
): string {
  const input = declare(`${pascal(method)}Input`, spec.input, types);
  const route = JSON.stringify({ method: verb, path });
  const summary = (spec.summary ?? `${verb} ${path}`).replaceAll("*/", "* /");
  const head = `  /** ${summary} */\n  `;
  const hasBody = spec.body === "stream";
  const given = `input: ${input}, ${hasBody ? "body: BodyInit, " : ""}options?: CALL_OPTIONS`;
  if (spec.stream === "bytes" || hasBody && spec.stream === "events") {
    const body = hasBody ? ", body" : "";
    return `${head}${method}(${given}): Promise<Response> {
    return this.#transport.send(${route}, input, options${body});\n  }\n`;
  }
  const output = declare(`${pascal(method)}Output`, spec.output, types);
  if (spec.stream === "events") {
    return `${head}${method}(${given}): AsyncGenerator<${output}, void, void> {
    return this.#transport.events<${output}>(${route}, input, options);\n  }\n`;
  }
  if (hasBody) {
    return `${head}async ${method}(${given}): Promise<${output}> {
    const response = await this.#transport.send(${route}, input, options, body);
    return await response.json() as ${output};\n  }\n`;
  }
  return `${head}${method}(${given}): Promise<${output}> {
    return this.#transport.json<${output}>(${route}, input, options);\n  }\n`;
}

/** Adds the types of a schema; the name of its own. */
function declare(name: string, schema: JsonSchema, types: Map<string, string>): string {
  const { type, named } = schemaTypes(schema, name);
  for (const [other, text] of named) types.set(other, text);
  types.set(name, type);
  return name;
}

function errorsText(name: string, errors: Manifest["definition"]["errors"]): string {
  const entries = Object.entries(errors);
  const lines = entries.map(([code, { data }]) => {
    const type = data === undefined ? "undefined" : schemaTypes(data, `${pascal(code)}Data`).type;
    return `  readonly ${code}: ${type};\n`;
  });
  return `/** Data of the slice's errors by code. */
export interface ${name}ErrorData {
${lines.join("")}}

/** Codes of the slice's errors. */
export type ${name}ErrorCode = keyof ${name}ErrorData;
`;
}

function pascal(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
  return /^\d/.test(joined) ? `Slice${joined}` : joined;
}
