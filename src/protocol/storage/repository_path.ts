/**
 * Paths of the artifact repository, as Maven lays them out:
 * `group/parts/name/version/name-version[-classifier].extension`, `maven-metadata.xml` beside the
 * versions, and `.md5`, `.sha1` or `.sha256` behind either.
 *
 * @module
 */
import { parseRepositoryPath } from "../coordinates.ts";

/** Kinds of checksums. */
export type ChecksumKind = "md5" | "sha1" | "sha256";

/** An artifact without its version. */
export interface ArtifactName {
  /** With dots. */
  readonly group: string;
  readonly name: string;
}

/** What a path names. */
export type RepositoryPath =
  & { readonly checksum?: ChecksumKind }
  & (
    | ArtifactName & {
      readonly kind: "file";
      readonly path: string;
      readonly version: string;
      readonly file: string;
    }
    | ArtifactName & { readonly kind: "metadata"; readonly path: string }
  );

const pathMax = 400;
const segmentPattern = /^[A-Za-z0-9_][A-Za-z0-9_+-]*$/;
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;
const checksumPattern = /^(.+)\.(md5|sha1|sha256)$/;
/** Name of the file that lists the versions. */
export const metadataFile = "maven-metadata.xml";

/** Ending of slices. */
export const sliceEnding = ".slice";

/**
 * What a path names, or undefined when it names nothing that the repository could hold. Slices have
 * stricter names than other files, those of coordinates.
 *
 * @example
 * ```ts
 * import { parsePath } from "./repository_path.ts";
 * const parsed = parsePath("org/example/shop/1.0.0/shop-1.0.0-sources.jar.sha1");
 * console.assert(parsed?.kind === "file" && parsed.group === "org.example");
 * console.assert(parsed?.checksum === "sha1");
 * ```
 */
export function parsePath(text: string): RepositoryPath | undefined {
  if (text.length > pathMax) return undefined;
  const [, target = text, kind] = checksumPattern.exec(text) ?? [];
  const parsed = parseTarget(target);
  if (parsed === undefined || kind === undefined) return parsed;
  return { ...parsed, checksum: kind as ChecksumKind };
}

function parseTarget(path: string): RepositoryPath | undefined {
  const segments = path.split("/");
  const file = segments.pop() ?? "";
  if (file === metadataFile) {
    const name = segments.pop() ?? "";
    const isName = namePattern.test(name) && isGroup(segments);
    return isName ? { kind: "metadata", path, group: segments.join("."), name } : undefined;
  }
  const version = segments.pop() ?? "";
  const name = segments.pop() ?? "";
  if (![file, version, name].every((part) => namePattern.test(part))) return undefined;
  if (!isGroup(segments) || !file.startsWith(`${name}-${version}`)) return undefined;
  if (file.endsWith(sliceEnding) && parseRepositoryPath(path) === undefined) return undefined;
  return { kind: "file", path, group: segments.join("."), name, version, file };
}

/** Whether these are parts of a group: a dot would join two, so that two paths were the same. */
function isGroup(segments: readonly string[]): boolean {
  return segments.length > 0 && segments.every((segment) => segmentPattern.test(segment));
}

/** Start of the paths of an artifact's files. */
export function artifactPrefix({ group, name }: ArtifactName): string {
  return `${group.replaceAll(".", "/")}/${name}/`;
}
