/**
 * The folder that `aether dev` works on: which slices are in it and which blueprint runs them.
 *
 * A folder is one slice, or holds folders that are slices. It only reads; building is the business
 * of `dev_build.ts`.
 *
 * @module
 */
import { basename, join, resolve } from "node:path";
import { readSliceToml } from "../artifact/slice_toml.ts";
import { AetherError } from "../base/errors.ts";
import { artifactBase, compareVersions, parseCoordinates } from "../protocol/coordinates.ts";
import { limits } from "../protocol/limits.ts";

/** A slice's folder. */
export interface WorkspaceSlice {
  readonly dir: string;
  /** Coordinates as slice.toml declares them. */
  readonly artifact: string;
  /** Bases of the slices that it calls. */
  readonly dependencies: readonly string[];
}

/** What was found. */
export interface Workspace {
  readonly slices: readonly WorkspaceSlice[];
  /** Text of the blueprint that runs them: the folder's, or a generated one. */
  readonly blueprint: string;
}

/**
 * Looks at a folder.
 *
 * @throws {AetherError} FILE_UNREADABLE without a slice; SLICE_INVALID naming a bad slice.toml
 */
export async function readWorkspace(folder: string): Promise<Workspace> {
  const root = resolve(folder);
  const dirs = await sliceFolders(root);
  const all: WorkspaceSlice[] = [];
  for (const dir of dirs) {
    const { artifact, dependencies } = await readSliceToml(dir);
    all.push({ dir, artifact, dependencies: Object.keys(dependencies) });
  }
  const text = await readIfPresent(join(root, "blueprint.toml"));
  if (text !== undefined) {
    return { slices: wanted(all, listedIn(text)), blueprint: withDependencies(text, all) };
  }
  const newest = newestOfEach(all);
  return { slices: newest, blueprint: generate(root, newest) };
}

/** The text with declared coordinates replaced by the built ones that `versions` has for them. */
export function withVersions(blueprint: string, versions: ReadonlyMap<string, string>): string {
  const byBase = Map.groupBy(versions, ([declared]) => artifactBase(declared));
  return blueprint.replaceAll(artifactPattern, (whole, key: string, listed: string) => {
    const exact = versions.get(listed);
    if (exact !== undefined) return `${key}"${exact}"`;
    const built = byBase.get(baseOf(listed)) ?? [];
    // One folder of this slice stands in for whatever version is written.
    return built.length === 1 && built[0] !== undefined ? `${key}"${built[0][1]}"` : whole;
  });
}

const artifactPattern = /(\bartifact\s*=\s*)["']([^"'\n]*)["']/g;

function baseOf(coordinates: string): string {
  return coordinates.split(":").slice(0, 2).join(":");
}

function listedIn(blueprint: string): string[] {
  return [...blueprint.matchAll(artifactPattern)].map(([, , artifact = ""]) => artifact);
}

async function sliceFolders(root: string): Promise<string[]> {
  if (await hasSliceToml(root)) return [root];
  const found: string[] = [];
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(root));
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "does not exist" : "cannot be read";
    throw new AetherError("FILE_UNREADABLE", `The folder ${root} ${reason}`, { cause });
  }
  for (const { name, isDirectory } of entries) {
    if (!isDirectory || name.startsWith(".")) continue;
    if (await hasSliceToml(join(root, name))) found.push(join(root, name));
  }
  if (found.length > limits.blueprintSlices) {
    const text = `The folder ${root} holds ${found.length} slices; a blueprint has at most ` +
      `${limits.blueprintSlices}`;
    throw new AetherError("SLICE_INVALID", text);
  }
  if (found.length > 0) return found.sort();
  throw new AetherError("FILE_UNREADABLE", `There is no slice.toml in ${root} or right below it`, {
    hint: "Give the folder of a slice, or make one with `aether slice new`",
  });
}

async function hasSliceToml(dir: string): Promise<boolean> {
  return await readIfPresent(join(dir, "slice.toml")) !== undefined;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isAbsent) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("FILE_UNREADABLE", `Cannot read ${path}: ${reason}`, { cause: error });
  }
}

/** The slices that a blueprint lists, and those they depend on. */
function wanted(all: readonly WorkspaceSlice[], listed: readonly string[]): WorkspaceSlice[] {
  const reached = new Set<WorkspaceSlice>();
  const queue = listed.flatMap((artifact) => {
    const exact = all.filter((slice) => slice.artifact === artifact);
    return exact.length > 0 ? exact : all.filter((slice) => isOf(slice, baseOf(artifact)));
  });
  for (let slice = queue.shift(); slice !== undefined; slice = queue.shift()) {
    if (reached.has(slice)) continue;
    reached.add(slice);
    const { dependencies } = slice;
    queue.push(
      ...newestOfEach(all).filter((each) => dependencies.some((base) => isOf(each, base))),
    );
  }
  return all.filter((slice) => reached.has(slice));
}

/**
 * Lists the dependencies that are in the folder too: a development version stands in for a release
 * only where a blueprint lists it.
 */
function withDependencies(text: string, all: readonly WorkspaceSlice[]): string {
  const listed = listedIn(text);
  const missing = wanted(all, listed).filter((slice) =>
    !listed.some((artifact) => isOf(slice, baseOf(artifact)))
  );
  return text + missing.map(({ artifact }) => `\n[[slices]]\nartifact = "${artifact}"\n`).join("");
}

function isOf(slice: WorkspaceSlice, base: string): boolean {
  return artifactBase(slice.artifact) === base;
}

function newestOfEach(slices: readonly WorkspaceSlice[]): WorkspaceSlice[] {
  const newest = new Map<string, WorkspaceSlice>();
  for (const slice of slices) {
    const { version } = parseCoordinates(slice.artifact);
    const known = newest.get(artifactBase(slice.artifact));
    if (
      known === undefined || compareVersions(version, parseCoordinates(known.artifact).version) > 0
    ) newest.set(artifactBase(slice.artifact), slice);
  }
  return [...newest.values()];
}

function generate(root: string, slices: readonly WorkspaceSlice[]): string {
  const name = basename(root).toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  const tables = slices.map(({ artifact }) => `\n[[slices]]\nartifact = "${artifact}"\n`);
  return `id = "local.dev:${name === "" ? "app" : name}:1.0.0"\n${tables.join("")}`;
}
