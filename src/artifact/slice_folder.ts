/**
 * A slice's folder on disk: which files belong to it, and a hash over them.
 *
 * Symbolic links and very large files are refused here, before anything reads the folder. What the
 * files say is the business of `slice_toml.ts` and `bundler.ts`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, relative, resolve, sep } from "node:path";
import { AetherError, type Issue } from "../base/errors.ts";

/** Largest file of a slice's folder, in bytes. */
const fileBytesMax = 64 * 1024 * 1024;
/** Files in a slice's folder; a folder with more is most likely the wrong one. */
const filesMax = 10_000;
/** Folders that tools write and that hold no sources. */
const skippedFolders = new Set(["node_modules", "coverage", "dist"]);
/** Contracts are the only files of other slices that a slice may import. */
export const contractFile = "contract.ts";

/** A file of a slice's folder. */
export interface FolderFile {
  /** Path from the slice's folder, with forward slashes. */
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * All files of a slice's folder, sorted by path, without hidden ones, packages and `.slice` files.
 *
 * @throws {AetherError} FILE_UNREADABLE when there is no such folder; SLICE_INVALID naming every
 * symbolic link and every file over 64 MiB.
 */
export async function listSliceFiles(dir: string): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const issues: Issue[] = [];
  await walk(resolve(dir), "", files, issues);
  if (issues.length > 0) {
    const [first] = issues;
    throw new AetherError("SLICE_INVALID", `${first?.path}: ${first?.message}`, { issues });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function walk(
  dir: string,
  prefix: string,
  files: FolderFile[],
  issues: Issue[],
): Promise<void> {
  for (const entry of await readFolder(dir)) {
    const path = prefix + entry.name;
    if (entry.name.startsWith(".") || entry.name.endsWith(".slice")) continue;
    if (entry.isSymlink) {
      const message = "Symbolic links are not allowed in a slice: copy the file instead";
      issues.push({ path, message });
    } else if (entry.isDirectory) {
      if (!skippedFolders.has(entry.name)) {
        await walk(resolve(dir, entry.name), `${path}/`, files, issues);
      }
    } else if (entry.isFile) {
      const { size } = await Deno.lstat(resolve(dir, entry.name));
      if (size > fileBytesMax) {
        const message = `The file has ${size} bytes; the limit is ${fileBytesMax}: keep it outside`;
        issues.push({ path, message });
      }
      files.push({ path, sizeBytes: size });
    } else {
      issues.push({ path, message: "A slice holds plain files only: remove it" });
    }
    if (files.length > filesMax) {
      throw new AetherError(
        "SLICE_INVALID",
        `The folder has more than ${filesMax} files: give the folder of one slice`,
      );
    }
  }
}

async function readFolder(dir: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(dir));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("FILE_UNREADABLE", `The folder "${dir}" cannot be read: ${reason}`, {
      cause: error,
    });
  }
}

/**
 * Hash over everything that goes into a build: the folder's files and the contracts that they
 * import from other slices. For development versions, see {@link devVersion}.
 *
 * @param builtWith Version of aether, because another one can build other bytes.
 * @returns 12 characters; the first is a letter, so that it is a valid part of a version.
 */
export async function contentHash(dir: string, builtWith = ""): Promise<string> {
  const root = resolve(dir);
  const hash = createHash("sha256").update(`${builtWith}\n`);
  const add = (path: string, bytes: Uint8Array) => {
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  };
  const contracts = new Set<string>();
  for (const { path } of await listSliceFiles(root)) {
    const bytes = await Deno.readFile(resolve(root, path));
    add(path, bytes);
    if (path.endsWith(".ts")) noteContracts(root, resolve(root, path), bytes, contracts);
  }
  // A set grows while it is walked: contracts import contracts.
  for (const contract of contracts) {
    const bytes = await readIfPresent(contract);
    add(relative(root, contract).replaceAll(sep, "/"), bytes);
    noteContracts(root, contract, bytes, contracts);
  }
  return `h${hash.digest("hex").slice(0, 11)}`;
}

/** The version `1.0.0-dev.HASH` that stands for one state of a slice's folder. */
export function devVersion(version: string, hash: string): string {
  return `${version.replace(/-.*$/, "")}-dev.${hash}`;
}

function noteContracts(
  root: string,
  file: string,
  bytes: Uint8Array,
  contracts: Set<string>,
): void {
  const text = new TextDecoder().decode(bytes);
  for (const [, specifier = ""] of text.matchAll(/["'](\.{1,2}\/[^"'\n]*contract\.ts)["']/g)) {
    const target = resolve(dirname(file), specifier);
    if (!target.startsWith(root + sep) && contracts.size < filesMax) contracts.add(target);
  }
}

async function readIfPresent(path: string): Promise<Uint8Array> {
  try {
    const { size } = await Deno.lstat(path);
    return size > fileBytesMax ? new Uint8Array() : await Deno.readFile(path);
  } catch (error) {
    // The bundler reports it, with the line of the import.
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}
