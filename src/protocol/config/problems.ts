/**
 * Problems of a configuration, as people need them: which key, where it was set, which value, what
 * to write instead, and the name that was probably meant.
 *
 * Turns zod's issues into ours and all of them into one error. Secret values are never shown.
 *
 * @module
 */
import type { z } from "zod";
import { AetherError, type Issue } from "../../base/errors.ts";
import { nearest } from "../../base/text/nearest.ts";
import { configKeys, keyAt, namesIn } from "./keys.ts";
import { pathText } from "../toml.ts";
import { getAt, type Path } from "./paths.ts";

/** An issue with the error that it stands for when it is alone. */
export interface ConfigIssue extends Issue {
  readonly name: "CONFIG_INVALID" | "SECRET_MISSING" | "INSECURE_LISTENER";
}

/** Most issues in one error; a further one tells how many were left out. */
const issuesMax = 1000;

/** What is known about the values of a configuration. */
export interface Origins {
  /** Where the value comes from when it is not the file, e.g. `env AETHER_APP_PORT`. */
  sourceAt(path: Path): string | undefined;
  /** Its line in the file. */
  lineAt(path: Path): number | undefined;
  /** Whether the value must not be shown. */
  isSecret(path: Path): boolean;
}

/** Origins of plain data that came from nowhere in particular. */
export const noOrigins: Origins = {
  sourceAt: () => undefined,
  lineAt: () => undefined,
  isSecret: () => false,
};

/** All issues that the schema has with a tree. */
export function schemaIssues(error: z.ZodError, tree: unknown, origins: Origins): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const issue of error.issues) {
    const path = issue.path.map((part) => typeof part === "number" ? part : String(part));
    if (issue.code === "unrecognized_keys") {
      for (const name of issue.keys) {
        issues.push(locate([...path, name], unknownKey(path, name), origins));
      }
      continue;
    }
    const message = valueMessage(getAt(tree, path), issue.message, path, origins);
    issues.push(locate(path, message, origins));
  }
  return issues;
}

/** An issue at a path, with its line where the value comes from the file. */
export function locate(
  path: Path,
  message: string,
  origins: Origins,
  name: ConfigIssue["name"] = "CONFIG_INVALID",
): ConfigIssue {
  const line = origins.sourceAt(path) === undefined ? origins.lineAt(path) : undefined;
  return { name, path: pathText(path), message, ...(line === undefined ? {} : { line }) };
}

/** One error for all problems; its name is theirs when they agree, else `CONFIG_INVALID`. */
export function configError(found: readonly ConfigIssue[], title: string): AetherError {
  const names = new Set(found.map((issue) => issue.name));
  const [only = "CONFIG_INVALID"] = names;
  const issues = [...found]
    .sort((left, right) => (left.line ?? 0) - (right.line ?? 0))
    .map(({ name: _, ...issue }) => issue);
  const [first] = issues;
  const where = first?.line === undefined ? "" : ` (line ${first.line})`;
  const what = `${first?.path || "text"}${where}: ${first?.message}`;
  const count = issues.length === 1 ? "1 problem" : `${issues.length} problems, the first`;
  if (issues.length > issuesMax) {
    const rest = issues.splice(issuesMax).length;
    issues.push({ path: "", message: `${rest} further problems; correct the listed ones first` });
  }
  return new AetherError(
    names.size === 1 ? only : "CONFIG_INVALID",
    `${title} has ${count}: ${what}`,
    {
      issues,
    },
  );
}

function valueMessage(value: unknown, rule: string, path: Path, origins: Origins): string {
  if (value === undefined) return `The key is missing; ${rule}`;
  const source = origins.sourceAt(path);
  const from = source === undefined ? "" : ` (${source})`;
  const key = keyAt(pathText(path));
  if (key?.isSecret === true || origins.isSecret(path)) {
    // These rules quote a part of the value, such as an unknown unit.
    const isQuoting = key?.kind === "duration" || key?.kind === "size";
    return `The secret value${from} is not valid: ${isQuoting ? `write a ${key.kind}` : rule}`;
  }
  return `Value ${show(value)}${from} is not valid: ${rule}`;
}

function unknownKey(table: Path, name: string): string {
  const names = namesIn(pathText(table));
  const near = nearest(name, names);
  if (near !== undefined) return `Unknown key ${show(name)}; did you mean "${near}"?`;
  const elsewhere = configKeys.find((key) => key.path.split(".").at(-1) === name);
  if (elsewhere !== undefined) return `Unknown key ${show(name)}; did you mean ${elsewhere.path}?`;
  return `Unknown key ${show(name)}; valid here: ${names.join(", ")}`;
}

/** A value as text that is short enough for a message. */
function show(value: unknown): string {
  const text = typeof value === "number" || value instanceof Date
    ? String(value)
    : JSON.stringify(value) ?? String(value);
  return text.length > 80 ? text.slice(0, 77) + "..." : text;
}
