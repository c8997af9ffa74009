/**
 * What a schema objects to, in words for the author of a file.
 *
 * Turns the problems that zod found in parsed TOML into issues: each names the value, what would be
 * right and its line; unknown keys get the nearest valid one. Blueprints are checked with it; zod's
 * own texts are meant for programmers.
 *
 * @module
 */
import { z } from "zod";
import type { Issue } from "../base/errors.ts";
import { nearest } from "../base/text/nearest.ts";
import { pathText, type TomlDocument, type TomlPath } from "./toml.ts";

type Schema = z.core.$ZodType;
type SchemaIssue = z.core.$ZodIssue;

/** Longest piece of a value that a message repeats. */
const shownLength = 80;

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "an array",
  object: "a table",
  record: "a table",
};

/** All problems that the schema has with the document; empty when it has none. */
export function schemaIssues(schema: z.ZodType, document: TomlDocument): Issue[] {
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) =>
        at(document, [...issue.path, key], unknownKey(key, schemaAt(schema, issue.path)))
      )
      : [at(document, issue.path, describe(issue, valueAt(document.value, issue.path)))]
  ).sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** An issue with a document's path and line. */
export function at(document: TomlDocument, path: TomlPath, message: string): Issue {
  const line = document.lineOf(path);
  return { path: pathText(path), message, ...(line === undefined ? {} : { line }) };
}

function describe(issue: SchemaIssue, value: unknown): string {
  const ownMessage = /^(Invalid|Too |Unrecognized)/.test(issue.message) ? undefined : issue.message;
  if (issue.code === "invalid_type" && value === undefined) {
    const name = String(issue.path.at(-1));
    return `Missing key "${name}": write ${typeNames[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === "too_small" && issue.origin !== "array") {
    return `${shown(value)} is too small: the least is ${issue.minimum}`;
  }
  if (issue.code === "too_big") {
    return issue.origin === "array"
      ? `${
        Array.isArray(value) ? value.length : 0
      } entries are too many: the most is ${issue.maximum}`
      : `${shown(value)} is too large: the most is ${issue.maximum}`;
  }
  if (issue.code === "too_small") return ownMessage ?? `Add at least ${issue.minimum} entries`;
  if (issue.code === "invalid_value") {
    return `Write one of ${issue.values.map(shown).join(", ")}, not ${shown(value)}`;
  }
  if (ownMessage !== undefined) return `${ownMessage}, not ${shown(value)}`;
  return issue.code === "invalid_type"
    ? `Write ${typeNames[issue.expected] ?? issue.expected}, not ${shown(value)}`
    : `${shown(value)} is not valid here: ${issue.message}`;
}

function unknownKey(key: string, schema: Schema | undefined): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const similar = nearest(key, known);
  const advice = similar === undefined
    ? `valid keys are ${known.join(", ")}`
    : `did you mean "${similar}"?`;
  return `Unknown key ${shown(key)}: ${advice}`;
}

function valueAt(value: unknown, path: TomlPath): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, part)) {
      return undefined;
    }
    found = (found as Record<PropertyKey, unknown>)[part];
  }
  return found;
}

function schemaAt(schema: Schema, path: TomlPath): Schema | undefined {
  let found: Schema | undefined = unwrapped(schema);
  for (const part of path) {
    if (found instanceof z.ZodObject) found = found.shape[String(part)];
    else if (found instanceof z.ZodArray) found = found.element;
    else return undefined;
    if (found !== undefined) found = unwrapped(found);
  }
  return found;
}

function unwrapped(schema: Schema): Schema {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional || inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) inner = inner.unwrap();
  return inner;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null) return "a table";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= shownLength ? text : `${text.slice(0, shownLength)}...`;
}
