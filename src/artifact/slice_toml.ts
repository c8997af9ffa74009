/**
 * Reads slice.toml, the permission manifest that a developer writes.
 *
 * The schema is `src/protocol/slice/slice_toml.ts`; this module adds what needs the text and the
 * disk: lines, nearest names, and whether the entry is there. The slice builder calls it.
 *
 * @module
 */
import { isAbsolute, join, normalize, resolve, sep } from "node:path";
import type { z } from "zod";
import { AetherError, type Issue } from "../base/errors.ts";
import { nearest } from "../base/text/nearest.ts";
import { artifactBase, parseCoordinates } from "../protocol/coordinates.ts";
import {
  permissionsSchema,
  sliceLimitsSchema,
  sliceSandboxSchema,
} from "../protocol/slice/manifest.ts";
import { type SliceToml, sliceTomlSchema } from "../protocol/slice/slice_toml.ts";
import { parseToml, pathText, type TomlDocument } from "../protocol/toml.ts";
import { listSliceFiles } from "./slice_folder.ts";

const fileName = "slice.toml";
const fileBytesMax = 1024 * 1024;

/** Valid keys by table. */
const keysOf: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(sliceTomlSchema.shape),
  permissions: Object.keys(permissionsSchema.shape),
  limits: Object.keys(sliceLimitsSchema.shape),
  sandbox: Object.keys(sliceSandboxSchema.shape),
};

/**
 * Reads and checks a slice's slice.toml, and that its folder is fit for a build.
 *
 * @throws {AetherError} FILE_UNREADABLE without the folder or the file; SLICE_INVALID with all
 * problems and their lines, also for symbolic links and files over 64 MiB in the folder.
 */
export async function readSliceToml(dir: string): Promise<SliceToml> {
  const files = await listSliceFiles(dir);
  const path = join(dir, fileName);
  const found = files.find((file) => file.path === fileName);
  if (found === undefined) {
    throw new AetherError("FILE_UNREADABLE", `"${path}" does not exist`, {
      hint: "Give the folder that holds slice.toml, or make one with `aether slice new`",
    });
  }
  if (found.sizeBytes > fileBytesMax) {
    throw new AetherError(
      "SLICE_INVALID",
      `${fileName} has ${found.sizeBytes} bytes; the limit is ${fileBytesMax}`,
    );
  }
  const toml = parseSliceToml(await Deno.readTextFile(path));
  const entry = normalize(toml.entry).replaceAll(sep, "/");
  if (!files.some((file) => file.path === entry)) {
    const near = nearest(entry, files.map((file) => file.path));
    const advice = near === undefined ? "create it or correct entry" : `did you mean "${near}"?`;
    throw new AetherError(
      "SLICE_INVALID",
      `The entry "${toml.entry}" does not exist in ${resolve(dir)}: ${advice}`,
      { issues: [{ path: "entry", message: `"${toml.entry}" does not exist: ${advice}` }] },
    );
  }
  return { ...toml, entry };
}

/**
 * Checks the text of slice.toml.
 *
 * @throws {AetherError} SLICE_INVALID with all problems and their lines.
 */
export function parseSliceToml(text: string): SliceToml {
  const document = parseToml(text);
  if (document.issues.length > 0) throw invalid(document.issues);
  const parsed = sliceTomlSchema.safeParse(document.value);
  const issues = [
    ...parsed.error?.issues.flatMap((issue) => toIssues(issue, document)) ?? [],
    ...checkValues(document),
  ];
  if (!parsed.success || issues.length > 0) throw invalid(issues);
  return parsed.data;
}

function invalid(found: readonly Issue[]): AetherError {
  const issues = found.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const [first] = issues;
  const line = first?.line === undefined ? "" : ` line ${first.line}`;
  const count = issues.length === 1 ? "1 problem" : `${issues.length} problems, the first`;
  return new AetherError(
    "SLICE_INVALID",
    `${fileName} has ${count}:${line} ${first?.path}: ${first?.message}`,
    { issues },
  );
}

function toIssues(problem: z.core.$ZodIssue, document: TomlDocument): Issue[] {
  const { path } = problem;
  if (problem.code === "unrecognized_keys") {
    return problem.keys.map((key) =>
      issueAt(document, [...path, key], unknownKey(pathText(path), key))
    );
  }
  const value = valueAt(document.value, path);
  if (value !== undefined) {
    // Wrong keys of a table are reported as issues of their own inside.
    const rule = problem.code === "invalid_key" && problem.issues[0] !== undefined
      ? problem.issues[0].message
      : problem.message;
    const shown = problem.code === "invalid_key" ? path.at(-1) : value;
    return [issueAt(document, path, `${show(shown)} is not valid: ${rule}`)];
  }
  const advice = path[0] === "artifact" ? 'write artifact = "group:name:1.0.0"' : problem.message;
  return [issueAt(document, path, `The key is missing: ${advice}`)];
}

function unknownKey(table: string, key: string): string {
  const candidates = keysOf[table] ?? [];
  const near = nearest(key, candidates);
  if (near !== undefined) return `Unknown key "${key}"; did you mean "${near}"?`;
  return `Unknown key "${key}"; valid here: ${candidates.join(", ")}`;
}

/** What the schema does not know about values of the right type. */
function checkValues(document: TomlDocument): Issue[] {
  const { artifact, entry, permissions, dependencies } = document.value;
  const issues: Issue[] = [];
  if (typeof artifact === "string") {
    try {
      const base = artifactBase(parseCoordinates(artifact));
      if (typeof dependencies === "object" && dependencies !== null && base in dependencies) {
        issues.push(
          issueAt(document, ["dependencies", base], `${base} cannot depend on itself: remove it`),
        );
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      issues.push(issueAt(document, ["artifact"], message));
    }
  }
  if (typeof entry === "string" && !isInside(entry)) {
    const message = `"${entry}" is outside the slice's folder: name a file in it, e.g. "mod.ts"`;
    issues.push(issueAt(document, ["entry"], message));
  }
  if (typeof permissions === "object" && permissions !== null && "net" in permissions) {
    const hosts = Array.isArray(permissions.net) ? permissions.net : [];
    hosts.forEach((host, index) => {
      if (typeof host !== "string" || /^[^\s/@?#]+$/.test(host)) return;
      const message = `"${host}" is not valid: write host:port without scheme or path`;
      issues.push(issueAt(document, ["permissions", "net", index], message));
    });
  }
  return issues;
}

function isInside(entry: string): boolean {
  const path = normalize(entry);
  return !isAbsolute(entry) && path !== ".." && !path.startsWith(`..${sep}`);
}

function issueAt(document: TomlDocument, path: readonly PropertyKey[], message: string): Issue {
  const line = document.lineOf(path);
  return { path: pathText(path), message, ...(line === undefined ? {} : { line }) };
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
