/**
 * Building blocks of the configuration schema: one zod type per kind of value.
 *
 * Each carries the kind and a short description of its values for documentation, and its error
 * text is the *rule*, starting with a verb: `write ...`. Who reports the error puts the offending
 * value in front of it. Durations and sizes become numbers here.
 *
 * @module
 */
import { z } from "zod";
import { formatByteSize, parseByteSize } from "../../base/byte_size.ts";
import { formatDuration, parseDuration } from "../../base/duration.ts";
import { AetherError } from "../../base/errors.ts";

/** What a value is; decides how text from a variable is read and how the value is shown. */
export type FieldKind =
  | "text"
  | "integer"
  | "boolean"
  | "list"
  | "duration"
  | "size"
  | "path"
  | "paths"
  | "peers"
  | "tables"
  /** The sections under `[resources]`, whose keys depend on their type. */
  | "resources";

/** What documentation and messages know about a field. */
export interface FieldMeta {
  /** What the value is. */
  readonly kind: FieldKind;
  /** The values in words, e.g. `whole number, 0 to 65535`. */
  readonly values: string;
  /** Whether the value is never shown. */
  readonly isSecret?: boolean;
}

/** The metadata of a field's type. */
export const fieldMeta = z.registry<FieldMeta>();

/** A text that matches the pattern; the rule says what to write. */
export function text(pattern: RegExp, values: string, rule: string): z.ZodString {
  return z.string({ error: () => rule }).regex(pattern, { error: () => rule })
    .register(fieldMeta, { kind: "text", values });
}

/** One of several words. */
export function choice<const Words extends readonly string[]>(words: Words) {
  const quoted = words.map((word) => `"${word}"`).join(", ");
  return z.enum(words, { error: () => `write one of ${quoted}` })
    .register(fieldMeta, { kind: "text", values: quoted });
}

/** A whole number in a range. */
export function integer(minimum: number, maximum: number): z.ZodInt {
  const error = () => `write a whole number from ${minimum} to ${maximum}, without quotes`;
  return z.int({ error }).min(minimum, { error }).max(maximum, { error })
    .register(fieldMeta, { kind: "integer", values: `whole number, ${minimum} to ${maximum}` });
}

/** A TCP port; 0 lets the system pick a free one. */
export function port(): z.ZodInt {
  return integer(0, 65_535);
}

/** `true` or `false`. */
export function boolean(): z.ZodBoolean {
  return z.boolean({ error: () => "write true or false, without quotes" })
    .register(fieldMeta, { kind: "boolean", values: "true or false" });
}

/** The path of a file or folder. */
export function filePath(): z.ZodString {
  const error = () => "write the path of a file or folder as text";
  return z.string({ error }).min(1, { error })
    .register(fieldMeta, { kind: "path", values: "path" });
}

/** A list of texts. */
export function list<Element extends z.ZodType>(element: Element, values: string) {
  return z.array(element, { error: () => `write a list, for example ["a", "b"], of ${values}` })
    .max(1000, { error: () => "write at most 1000 elements" })
    .register(fieldMeta, { kind: "list", values: `list of ${values}` });
}

/** Bounds of a duration, both as text that {@link parseDuration} reads. */
export interface DurationRange {
  /** Smallest value, e.g. `1ms`. */
  readonly minimum: string;
  /** Largest value, e.g. `1h`. */
  readonly maximum: string;
}

/**
 * A duration such as `30s`; the output is a number of milliseconds.
 *
 * @example
 * ```ts
 * import { durationMs } from "./fields.ts";
 * console.assert(durationMs({ minimum: "1ms", maximum: "1h" }).parse("1m30s") === 90_000);
 * ```
 */
export function durationMs(range: DurationRange) {
  const minimumMs = parseDuration(range.minimum);
  const maximumMs = parseDuration(range.maximum);
  const bounds = `from ${formatDuration(minimumMs)} to ${formatDuration(maximumMs)}`;
  const rule = `write a duration as text, for example "30s" or "1m30s", ${bounds}`;
  const base = z.string({ error: (issue) => unitRule(issue.input, "s") ?? rule });
  return base.transform((value, context) => measured(value, context, parseDuration))
    .refine((ms) => ms >= minimumMs && ms <= maximumMs, { error: () => rule })
    .register(fieldMeta, { kind: "duration", values: `duration, ${bounds}` });
}

/** Bounds of a size, both as text that {@link parseByteSize} reads. */
export interface SizeRange {
  /** Smallest value, e.g. `1KiB`. */
  readonly minimum: string;
  /** Largest value, e.g. `1GiB`. */
  readonly maximum: string;
}

/**
 * A size such as `64MiB`; the output is a number of bytes.
 *
 * @example
 * ```ts
 * import { byteSize } from "./fields.ts";
 * console.assert(byteSize({ minimum: "1B", maximum: "1GiB" }).parse("1KiB") === 1024);
 * ```
 */
export function byteSize(range: SizeRange) {
  const minimum = parseByteSize(range.minimum);
  const maximum = parseByteSize(range.maximum);
  const bounds = `from ${formatByteSize(minimum)} to ${formatByteSize(maximum)}`;
  const rule = `write a size as text, for example "512KiB" or "64MiB", ${bounds}`;
  const base = z.string({ error: (issue) => unitRule(issue.input, "B") ?? rule });
  return base.transform((value, context) => measured(value, context, parseByteSize))
    .refine((bytes) => bytes >= minimum && bytes <= maximum, { error: () => rule })
    .register(fieldMeta, { kind: "size", values: `size, ${bounds}` });
}

/** The exact fix for a number where a text with a unit belongs. */
function unitRule(input: unknown, unit: string): string | undefined {
  if (typeof input !== "number" || !Number.isSafeInteger(input) || input < 0) return undefined;
  return `write a text with a unit, for example "${input}${unit}"`;
}

/** Reads a text with a unit; a failure becomes an issue of the schema. */
function measured(value: string, context: z.RefinementCtx, parse: (value: string) => number) {
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof AetherError)) throw error;
    context.issues.push({ code: "custom", input: value, message: ruleOf(error.message) });
    return z.NEVER;
  }
}

/** `Duration "30" has no unit; ...` without the value, which the reporter names. */
function ruleOf(message: string): string {
  return message.replace(/^(Duration|Size) "(?:\\.|[^"\\])*" /, "it ");
}

/** A table of the file; other keys than those of the shape are refused. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: () => "write a table, for example [node] and keys below" });
}
