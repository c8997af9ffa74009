/**
 * What a slice may import: "aether", "zod", its own files, and contracts of slices beside it.
 *
 * Everything a slice runs ends up in its one module, so anything else is refused while it is built,
 * with a message that says what to do instead. The rules follow no symbolic link. Only `bundler.ts`
 * uses them.
 *
 * @module
 */
import { basename, dirname, extname, relative, resolve, sep } from "node:path";
import { nearest } from "../base/text/nearest.ts";
import { contractFile } from "./slice_folder.ts";

/** Modules that the shell provides; bundles find them in a global. */
const providedModules = ["aether", "zod"] as const;
/** One of the modules that the shell provides. */
export type ProvidedModule = typeof providedModules[number];

/** An import as the bundler meets it. */
export interface ImportRequest {
  /** The text between the quotes. */
  readonly specifier: string;
  /** Absolute path of the importing file. */
  readonly importer: string;
  /** Whether it is a `require` of some kind. */
  readonly isRequire: boolean;
}

/** Where an import leads, or why it leads nowhere. */
export type ImportTarget =
  | { readonly provided: ProvidedModule }
  | { readonly path: string }
  | { readonly problem: string };

const extensions = [".ts", ".mts", ".js", ".mjs", ".json"];
const copyAdvice = "copy the code into the slice's folder and import it with ./";

/**
 * Decides about one import.
 *
 * @param root Real path of the slice's folder.
 */
export async function resolveImport(root: string, request: ImportRequest): Promise<ImportTarget> {
  const { specifier, importer, isRequire } = request;
  if (isRequire) {
    return { problem: `require("${specifier}") is not available: use an import declaration` };
  }
  const provided = providedModules.find((name) => name === specifier);
  if (provided !== undefined) return { provided };
  if (!/^\.{1,2}\//.test(specifier)) return { problem: refuseBare(specifier) };
  const target = resolve(dirname(importer), specifier);
  const problem = refusePlace(root, importer, target) ?? await refuseFile(root, target);
  return problem === undefined
    ? { path: target }
    : { problem: `Import of "${specifier}" is refused: ${problem}` };
}

function refuseBare(specifier: string): string {
  const what = `Import of "${specifier}" is refused`;
  const scheme = /^([a-z]+):/.exec(specifier)?.[1];
  if (scheme === "node") {
    return `${what}: Node's modules do not exist in a slice; use Deno's or the web's APIs and ` +
      "ask for permissions in slice.toml";
  }
  if (scheme === "http" || scheme === "https") {
    return `${what}: nothing is loaded from the network; ${copyAdvice}`;
  }
  if (scheme === "file" || specifier.startsWith("/")) {
    return `${what}: absolute paths do not travel with a slice; import it with ./`;
  }
  if (specifier.startsWith("zod/")) {
    return `${what}: only "zod" itself is provided; import from "zod" or "aether"`;
  }
  const near = scheme === undefined ? nearest(specifier, providedModules) : undefined;
  if (near !== undefined) return `${what}: did you mean "${near}"?`;
  return `${what}: a slice has no packages but "aether" and "zod"; ${copyAdvice}`;
}

/** Why a file may not be imported because of where it lies; nothing on the disk is looked at. */
function refusePlace(root: string, importer: string, target: string): string | undefined {
  const isContract = basename(target) === contractFile && isInside(dirname(root), target);
  if (!isInside(root, importer)) {
    if (isContract) return undefined;
    return `a contract of another slice may import only "aether", "zod" and other contracts; ` +
      `move what it needs into ${relative(root, importer)}`;
  }
  if (isInside(root, target) || isContract) return undefined;
  return `it lies outside the slice's folder; of other slices only ${contractFile} may be ` +
    `imported, so ${copyAdvice}`;
}

async function refuseFile(root: string, target: string): Promise<string | undefined> {
  if (!extensions.includes(extname(target))) {
    const fix = await isFile(`${target}.ts`)
      ? `write "${basename(target)}.ts"`
      : `only ${extensions.join(", ")} files can be imported`;
    return `it has no usable extension; ${fix}`;
  }
  let real: string;
  try {
    real = await Deno.realPath(target);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return String(error);
    const near = nearest(basename(target), await namesIn(dirname(target)));
    return near === undefined
      ? `${relative(root, target)} does not exist`
      : `${relative(root, target)} does not exist; did you mean "${near}"?`;
  }
  if (real !== target) return "it is, or lies behind, a symbolic link; copy the file instead";
  return await isFile(target) ? undefined : `${relative(root, target)} is not a file`;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir))).map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Whether a path lies below a folder; both absolute. */
export function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
