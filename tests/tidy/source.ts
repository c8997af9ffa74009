/**
 * What every tidy rule reads and returns, and the one place that reads the tree from the disk.
 *
 * A rule is a pure function over {@link SourceFile}s, so that `samples_test.ts` can show it bad and
 * good samples without a disk. Only `../tidy_test.ts` calls {@link readTree}.
 *
 * @module
 */
import { relative } from "node:path";

/** One text file of the repository. */
export interface SourceFile {
  /** Path from the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** One violation of a rule. */
export interface Finding {
  readonly path: string;
  /** From 1; 0 when the whole file is meant. */
  readonly line: number;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

/** A tidy rule. */
export type Rule = (files: readonly SourceFile[]) => Finding[];

const fileBytesMax = 1024 * 1024;
const skippedFolders = new Set([".git", ".deno", ".aether", "dist", "coverage", "node_modules"]);

/** True for our TypeScript; fixtures are samples for tests and may be wrong on purpose. */
export function isTypeScript(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.includes("/fixtures/");
}

/** True for a unit test, integration test or benchmark: code that never ships. */
export function isTest(path: string): boolean {
  return /_(test|bench)\.tsx?$/.test(path) || /^(tests|e2e)\//.test(path);
}

/** Line number, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i !== -1 && i < offset; i = text.indexOf("\n", i + 1)) line++;
  return line;
}

/** The parsed JSON file at a path, or the fallback when the tree has no such file. */
export function readJson<T>(files: readonly SourceFile[], path: string, fallback: T): T {
  const file = files.find((candidate) => candidate.path === path);
  return file === undefined ? fallback : JSON.parse(file.text) as T;
}

/** `path:line: message`, which editors turn into links. */
export function format(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.message}`;
}

/**
 * Reads every text file that git tracks or would track; without git, every file outside the folders
 * that a build writes. Files over 1 MiB and binary files are left out.
 */
export async function readTree(root: string): Promise<SourceFile[]> {
  const paths = await listWithGit(root) ?? await listFolder(root, root);
  const files: SourceFile[] = [];
  for (const path of paths.toSorted()) {
    const bytes = await readSmall(`${root}/${path}`);
    if (bytes === undefined || bytes.includes(0)) continue;
    files.push({ path, text: new TextDecoder().decode(bytes) });
  }
  return files;
}

async function readSmall(path: string): Promise<Uint8Array | undefined> {
  try {
    const info = await Deno.lstat(path);
    if (!info.isFile || info.size > fileBytesMax) return undefined;
    return await Deno.readFile(path);
  } catch (error) {
    // Git still lists a file that was deleted without `git rm`.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function listWithGit(root: string): Promise<string[] | undefined> {
  try {
    const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const { success, stdout } = await new Deno.Command("git", { args, cwd: root, stderr: "null" })
      .output();
    if (!success) return undefined;
    const paths = new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "");
    return [...new Set(paths)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function listFolder(root: string, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile) paths.push(relative(root, path).replaceAll("\\", "/"));
    else if (entry.isDirectory && !skippedFolders.has(entry.name)) {
      paths.push(...await listFolder(root, path));
    }
  }
  return paths;
}
