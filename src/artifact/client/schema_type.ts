/**
 * JSON Schemas as TypeScript types, in text.
 *
 * Only what zod writes has to be understood; what a type cannot say (lengths, patterns, ranges)
 * stays with the slice, which checks every input. Called by `generate.ts`.
 *
 * @module
 */

/** A JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const depthMax = 64;
const identifierPattern = /^[A-Za-z_$][\w$]*$/;

/** Types of one schema: its own, and those that it names. */
export interface SchemaTypes {
  /** The type's text. */
  readonly type: string;
  /** Declarations of the types that it refers to, by name. */
  readonly named: ReadonlyMap<string, string>;
}

/**
 * The type of a schema's values.
 *
 * @param name Begins the names of types that refer to themselves.
 */
export function schemaTypes(schema: JsonSchema, name: string): SchemaTypes {
  const named = new Map<string, string>();
  const defs = record(schema["$defs"]);
  const writer = new TypeWriter(name);
  for (const [key, each] of Object.entries(defs)) {
    named.set(writer.nameOf(`#/$defs/${key}`), writer.write(record(each), 0));
  }
  const type = writer.write(schema, 0);
  if (!writer.refersToRoot) return { type, named };
  named.set(`${name}Value`, type);
  return { type: `${name}Value`, named };
}

class TypeWriter {
  readonly #name: string;
  refersToRoot = false;

  constructor(name: string) {
    this.#name = name;
  }

  nameOf(reference: string): string {
    if (reference === "#") {
      this.refersToRoot = true;
      return `${this.#name}Value`;
    }
    const last = reference.split("/").at(-1) ?? "";
    return this.#name +
      last.replaceAll(
        /(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g,
        (_, letter: string) => letter.toUpperCase(),
      ) + "Value";
  }

  write(schema: JsonSchema, depth: number): string {
    if (depth > depthMax) return "unknown";
    const { $ref, const: constant, enum: values, anyOf, oneOf, allOf, type } = schema;
    if (typeof $ref === "string") return this.nameOf($ref);
    if ("const" in schema) return JSON.stringify(constant);
    if (Array.isArray(values)) return union(values.map((value) => JSON.stringify(value)));
    const choices = anyOf ?? oneOf;
    if (Array.isArray(choices)) {
      return union(choices.map((each) => this.write(record(each), depth + 1)));
    }
    if (Array.isArray(allOf)) {
      return allOf.map((each) => wrapped(this.write(record(each), depth + 1))).join(" & ");
    }
    if (Array.isArray(type)) {
      return union(type.map((each) => this.write({ ...schema, type: each }, depth + 1)));
    }
    switch (type) {
      case "string":
      case "boolean":
      case "null":
        return type;
      case "number":
      case "integer":
        return "number";
      case "array":
        return this.#array(schema, depth);
      case "object":
        return this.#object(schema, depth);
      default:
        return "unknown";
    }
  }

  #array({ items, prefixItems }: JsonSchema, depth: number): string {
    if (!Array.isArray(prefixItems)) {
      return `readonly ${wrapped(this.write(record(items), depth + 1))}[]`;
    }
    const places = prefixItems.map((each) => this.write(record(each), depth + 1));
    const rest = items === undefined || items === false
      ? []
      : [`...${wrapped(this.write(record(items), depth + 1))}[]`];
    return `readonly [${[...places, ...rest].join(", ")}]`;
  }

  #object(schema: JsonSchema, depth: number): string {
    const { properties, required, additionalProperties: others } = schema;
    const always = Array.isArray(required) ? required : [];
    const fields = Object.entries(record(properties)).map(([key, each]) => {
      const field = identifierPattern.test(key) ? key : JSON.stringify(key);
      const { description } = record(each);
      const note = typeof description === "string"
        ? `/** ${description.replaceAll("*/", "* /").replaceAll("\n", " ")} */ `
        : "";
      const type = this.write(record(each), depth + 1);
      return `${note}readonly ${field}${always.includes(key) ? "" : "?"}: ${type}`;
    });
    if (fields.length > 0) return `{ ${fields.join("; ")} }`;
    if (others === undefined || others === false) return "Readonly<Record<string, never>>";
    return `Readonly<Record<string, ${this.write(record(others), depth + 1)}>>`;
  }
}

function union(types: readonly string[]): string {
  const different = [...new Set(types)];
  return different.length === 0 ? "never" : different.map(wrapped).join(" | ");
}

function wrapped(type: string): string {
  return /^(?:[\w$]+|"[^"]*"|\{.*\})$/s.test(type) && !type.includes(" | ") ? type : `(${type})`;
}

function record(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as JsonSchema
    : {};
}
