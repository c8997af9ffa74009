/**
 * The import graph of the tree: every specifier resolved to a file of the repository, a package or
 * a built-in module. Shared by the rules on layers, cycles, dependencies and dead exports.
 *
 * @module
 */
import { posix } from "node:path";
import { type Import, outlineOf } from "./outline.ts";
import { isTypeScript, readJson, type SourceFile } from "./source.ts";

/** The parts of deno.json that the rules read. */
export interface DenoConfig {
  readonly imports?: Readonly<Record<string, string>>;
}

/** One import with its target. */
export interface Edge extends Import {
  readonly from: string;
  /** Path of the imported file, or undefined for a package or built-in module. */
  readonly to: string | undefined;
}

/** Every import of every TypeScript file, with relative and mapped specifiers resolved. */
export function edgesOf(files: readonly SourceFile[]): Edge[] {
  const imports = readJson<DenoConfig>(files, "deno.json", {}).imports ?? {};
  return files.filter((file) => isTypeScript(file.path)).flatMap((file) =>
    outlineOf(file).imports.map((found) => ({
      ...found,
      from: file.path,
      to: resolve(file.path, found.specifier, imports),
    }))
  );
}

function resolve(
  from: string,
  specifier: string,
  imports: Readonly<Record<string, string>>,
): string | undefined {
  const mapped = imports[specifier];
  if (mapped?.startsWith("./")) return posix.normalize(mapped);
  if (!specifier.startsWith(".")) return undefined;
  return posix.join(posix.dirname(from), specifier);
}
