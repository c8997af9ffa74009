/**
 * The text of a blueprint to its checked form.
 *
 * It looks at the text alone: whether artifacts exist and fit together is for `resolve.ts`. The
 * management API calls it for apply, plan and validate.
 *
 * @module
 */
import { AetherError, type Issue } from "../base/errors.ts";
import { blueprintSchema } from "../protocol/blueprint.ts";
import { artifactBase, parseCoordinates } from "../protocol/coordinates.ts";
import type { ScheduleChanges } from "../protocol/schedule/schedule.ts";
import type { MethodInterceptors } from "../protocol/slice/interceptors.ts";
import { limits } from "../protocol/limits.ts";
import { at, schemaIssues } from "../protocol/schema_issues.ts";
import { parseToml, type TomlDocument } from "../protocol/toml.ts";

/** A slice that a blueprint lists, defaults filled in. */
export interface ListedSlice {
  /** Coordinates, `group:name:version`. */
  readonly artifact: string;
  readonly instances: number;
  readonly minAvailable: number;
  readonly concurrency?: number;
  readonly interceptors?: MethodInterceptors;
  readonly schedules?: ScheduleChanges;
  /** Line of its `[[slices]]` table, for messages. */
  readonly line?: number;
}

/** A blueprint that is right in itself. */
export interface ParsedBlueprint {
  /** Coordinates of the blueprint itself. */
  readonly id: string;
  readonly slices: readonly ListedSlice[];
  /** The text it was parsed from. */
  readonly source: string;
}

/** Instances that must stay up when the blueprint does not say: half of them, rounded up. */
function defaultMinAvailable(instances: number): number {
  return Math.ceil(instances / 2);
}

/**
 * Parses and checks a blueprint.
 *
 * @throws {AetherError} BLUEPRINT_INVALID with all problems, each with its line.
 * @example
 * ```ts
 * import { parseBlueprint } from "./parse_blueprint.ts";
 * const blueprint = parseBlueprint(`
 *   id = "org.example:shop:1.0.0"
 *   [[slices]]
 *   artifact = "org.example:echo:1.0.0"
 *   instances = 3
 * `);
 * console.assert(blueprint.slices[0]?.minAvailable === 2);
 * ```
 */
export function parseBlueprint(text: string): ParsedBlueprint {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > limits.blueprintBytes) {
    throw new AetherError(
      "BLUEPRINT_INVALID",
      `The blueprint has ${bytes} bytes; the limit is ${limits.blueprintBytes}: split it`,
    );
  }
  const document = parseToml(text);
  if (document.issues.length > 0) throw invalid(document.issues);
  const issues = [...schemaIssues(blueprintSchema, document), ...meaningIssues(document)];
  if (issues.length > 0) throw invalid(issues);
  const { id, slices } = blueprintSchema.parse(document.value);
  return {
    id,
    source: text,
    slices: slices.map((slice, index) => {
      const line = document.lineOf(["slices", index]);
      return {
        artifact: slice.artifact,
        instances: slice.instances,
        minAvailable: slice.minAvailable ?? defaultMinAvailable(slice.instances),
        ...(slice.concurrency === undefined ? {} : { concurrency: slice.concurrency }),
        ...(slice.interceptors === undefined ? {} : { interceptors: slice.interceptors }),
        ...(slice.schedules === undefined ? {} : { schedules: slice.schedules }),
        ...(line === undefined ? {} : { line }),
      };
    }),
  };
}

function invalid(issues: readonly Issue[]): AetherError {
  const inOrder = [...issues].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const count = issues.length === 1 ? "a problem" : `${issues.length} problems`;
  return new AetherError("BLUEPRINT_INVALID", `The blueprint has ${count}`, { issues: inOrder });
}

/** What the schema cannot say; looks at the parts that have the right types, whatever the rest. */
function meaningIssues(document: TomlDocument): Issue[] {
  const { id, slices } = document.value;
  const issues: Issue[] = [];
  if (typeof id === "string") issues.push(...coordinatesIssue(document, ["id"], id));
  const firstByBase = new Map<string, string>();
  for (const [index, slice] of (Array.isArray(slices) ? slices : []).entries()) {
    if (typeof slice !== "object" || slice === null) continue;
    const { artifact, instances = 1, minAvailable } = slice;
    const path = ["slices", index];
    if (typeof artifact === "string") {
      const found = coordinatesIssue(document, [...path, "artifact"], artifact);
      issues.push(...found);
      if (found.length === 0) issues.push(...repeated(document, index, artifact, firstByBase));
    }
    if (isCount(instances) && isCount(minAvailable) && minAvailable > instances) {
      const message = `minAvailable ${minAvailable} is more than the ${instances} instances: ` +
        `write 1 to ${instances}`;
      issues.push(at(document, [...path, "minAvailable"], message));
    }
  }
  return issues;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1;
}

function coordinatesIssue(document: TomlDocument, path: PropertyKey[], text: string): Issue[] {
  try {
    parseCoordinates(text);
    return [];
  } catch (error) {
    if (!(error instanceof AetherError)) throw error;
    return [at(document, path, error.message)];
  }
}

function repeated(
  document: TomlDocument,
  index: number,
  artifact: string,
  firstByBase: Map<string, string>,
): Issue[] {
  const base = artifactBase(artifact);
  const first = firstByBase.get(base);
  if (first === undefined) {
    firstByBase.set(base, `slices[${index}]`);
    return [];
  }
  const message = `${base} is already in ${first}: list a slice once, with its instances`;
  return [at(document, ["slices", index, "artifact"], message)];
}
