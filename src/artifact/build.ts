/**
 * Builds a slice's folder into a `.slice` file: read slice.toml, bundle, check types, describe,
 * compare, pack.
 *
 * What depends on the form in which aether runs (the worker that describes a module, the programs
 * esbuild and Deno) is handed in, so that a build works the same from source and from the one
 * executable. Called by `aether slice build` and `publish`, and by `aether dev`.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError, type Issue } from "../base/errors.ts";
import { artifactBase, formatCoordinates, parseCoordinates } from "../protocol/coordinates.ts";
import { envelopeVersion, type Manifest } from "../protocol/slice/manifest.ts";
import type { MethodManifest, SliceDescription } from "../protocol/slice/manifest.ts";
import { resourceTypes } from "../protocol/slice/resources.ts";
import type { SliceToml } from "../protocol/slice/slice_toml.ts";
import { buildError, bundleSlice } from "./bundler.ts";
import { packSlice, sha256 } from "./package.ts";
import { readSliceToml } from "./slice_toml.ts";
import { typeCheck } from "./tools/type_check.ts";

const readmeBytesMax = 1024 * 1024;

/** What a build needs from the form in which aether runs. */
export interface SliceTools {
  /** Loads a bundled module without permissions and says what its default export is. */
  describe(module: Uint8Array): Promise<SliceDescription>;
  /** Version of aether, for the manifest. */
  readonly builtWith: string;
  /** Path of the esbuild program. @default {the one of the npm package} */
  readonly esbuildPath?: string | undefined;
  /** Path of the Deno program; without it types are not checked, with a notice. */
  readonly denoPath?: string | undefined;
  /** Path of the packed SDK. @default {collected from the checkout} */
  readonly sdkPath?: string | undefined;
}

/** Options of {@link buildSlice}. */
export interface SliceBuildOptions extends SliceTools {
  /** Version instead of the one in slice.toml, e.g. `1.0.0-dev.h3fa2`. */
  readonly version?: string | undefined;
  /** Whether to check types. @default {true} */
  readonly check?: boolean;
}

/** A built slice. */
export interface BuiltSlice {
  /** The `.slice` file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly manifest: Manifest;
  /** `name-version.slice`. */
  readonly fileName: string;
  /** What is likely a mistake but does not stop the build. */
  readonly warnings: readonly string[];
  /** What was left out and why. */
  readonly notices: readonly string[];
}

/**
 * Builds a slice. The same folder and version give the same bytes.
 *
 * @throws {AetherError} FILE_UNREADABLE, SLICE_INVALID, SLICE_BUILD_FAILED, COORDINATES_INVALID or
 * ARTIFACT_TOO_LARGE, each with all problems of its step.
 */
export async function buildSlice(dir: string, options: SliceBuildOptions): Promise<BuiltSlice> {
  const toml = await readSliceToml(dir);
  const declared = parseCoordinates(toml.artifact);
  const coordinates = parseCoordinates(
    formatCoordinates({ ...declared, version: options.version ?? declared.version }),
  );
  const { entry } = toml;
  // Before the types: its messages about imports say what to do.
  const bundle = await bundleSlice(dir, { entry, esbuildPath: options.esbuildPath });
  const { denoPath, sdkPath } = options;
  const types = options.check === false
    ? { issues: [], notice: "Types were not checked, as asked for" }
    : await typeCheck(dir, { entry, denoPath, sdkPath });
  if (types.issues.length > 0) throw buildError(types.issues);
  const definition = await options.describe(bundle.module);
  const { issues, warnings } = compare(toml, definition);
  if (issues.length > 0) {
    const [first] = issues;
    const count = issues.length === 1 ? "1 problem" : `${issues.length} problems, the first`;
    throw new AetherError(
      "SLICE_INVALID",
      `slice.toml and the module have ${count}: ${first?.message}`,
      { issues },
    );
  }
  const manifest: Manifest = {
    envelope: envelopeVersion,
    artifact: formatCoordinates(coordinates),
    entry: "slice.js",
    sha256: sha256(bundle.module),
    builtWith: options.builtWith,
    definition,
    dependencies: toml.dependencies,
    permissions: toml.permissions,
    limits: toml.limits,
    ...(toml.sandbox === undefined ? {} : { sandbox: toml.sandbox }),
  };
  const readme = await readReadme(dir);
  const { module, sourceMap } = bundle;
  return {
    bytes: packSlice({ manifest, module, sourceMap, ...(readme === undefined ? {} : { readme }) }),
    manifest,
    fileName: `${coordinates.name}-${coordinates.version}.slice`,
    warnings: [...bundle.warnings, ...warnings],
    notices: types.notice === undefined ? [] : [types.notice],
  };
}

/** Compares what slice.toml declares with what the module says about itself. */
export function compare(
  toml: SliceToml,
  definition: SliceDescription,
): { issues: Issue[]; warnings: string[] } {
  const issues: Issue[] = [];
  const warnings: string[] = [];
  const base = artifactBase(toml.artifact);
  if (definition.contract !== base) {
    const message = `The contract is named "${definition.contract}" but slice.toml's artifact is ` +
      `"${base}": give both the same name`;
    issues.push({ path: "artifact", message });
  }
  for (const name of definition.calls) {
    if (name === base) {
      issues.push({
        path: "needs",
        message: `The slice needs its own contract ${name}: remove it`,
      });
    } else if (!Object.hasOwn(toml.dependencies, name)) {
      const message = `The slice needs ${name}: add "${name}" = "^1.0.0" under [dependencies]`;
      issues.push({ path: "dependencies", message });
    }
  }
  for (const name of Object.keys(toml.dependencies)) {
    if (definition.calls.includes(name)) continue;
    warnings.push(`slice.toml declares the dependency ${name}, but the slice does not need it`);
  }
  for (const { name, type } of definition.resources) {
    if (resourceTypes.includes(type)) continue;
    const message = `The need "${name}" is a resource of type "${type}"; this version of aether ` +
      `has: ${resourceTypes.join(", ")}`;
    issues.push({ path: `needs.${name}`, message });
  }
  issues.push(...checkRoutes(definition));
  if (Object.keys(definition.methods).length === 0) {
    warnings.push(`The contract ${definition.contract} has no methods`);
  }
  return { issues, warnings };
}

function checkRoutes(definition: SliceDescription): Issue[] {
  const issues: Issue[] = [];
  const owners = new Map<string, string>();
  for (const [name, method] of Object.entries(definition.methods)) {
    if (method.http === undefined) continue;
    const path = `methods.${name}.http`;
    const route = `${method.http.method} ${method.http.path}`;
    // Parameters match anything, whatever their names.
    const shape = route.replaceAll(/:[^/]+/g, ":");
    const owner = owners.get(shape);
    if (owner !== undefined) {
      issues.push({ path, message: `"${route}" is also the route of ${owner}: change one` });
    }
    owners.set(shape, name);
    for (const parameter of missingParameters(method)) {
      const message = `"${route}" has the parameter "${parameter}", which is not a field of the ` +
        "input: add it to the schema";
      issues.push({ path, message });
    }
  }
  return issues;
}

/** Path parameters that the input schema has no field for. */
function missingParameters(method: MethodManifest): string[] {
  const { properties } = method.input;
  // Only a plain object schema lists its fields.
  if (typeof properties !== "object" || properties === null) return [];
  const parameters = [...(method.http?.path ?? "").matchAll(/:([^/]+)/g)];
  return parameters.map(([, name = ""]) => name).filter((name) => !Object.hasOwn(properties, name));
}

async function readReadme(dir: string): Promise<string | undefined> {
  const path = join(dir, "README.md");
  try {
    return (await Deno.lstat(path)).size > readmeBytesMax
      ? undefined
      : await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
