/**
 * Artifact coordinates `group:name:version`, their parts and version ranges.
 *
 * The version follows Semantic Versioning 2.0 (the `semver` package); a base is the coordinates
 * without the version. Used wherever a slice, a blueprint or an artifact is named.
 *
 * @module
 */
import semver from "semver";
import { AetherError } from "../base/errors.ts";

/** Parsed coordinates of one artifact version. */
export interface Coordinates {
  /** Dotted group, e.g. `org.example`. */
  readonly group: string;
  /** Name within the group, e.g. `url-shortener`. */
  readonly name: string;
  /** Version, e.g. `1.0.0` or `1.0.0-dev.3fa2`. */
  readonly version: string;
}

const groupPattern = /^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$/;
const namePattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const textMax = 256;

/** Whether the text is a base such as `org.example:echo`. */
export function isArtifactBase(text: string): boolean {
  const parts = text.split(":");
  return text.length <= textMax && parts.length === 2 && groupPattern.test(parts[0] ?? "") &&
    namePattern.test(parts[1] ?? "");
}

/**
 * Parses `group:name:version`.
 *
 * @throws {AetherError} COORDINATES_INVALID naming the part that is wrong.
 * @example
 * ```ts
 * import { parseCoordinates } from "./coordinates.ts";
 * console.assert(parseCoordinates("org.example:echo:1.0.0").name === "echo");
 * ```
 */
export function parseCoordinates(text: string): Coordinates {
  const [group, name, version, ...rest] = text.split(":");
  if (text.length > textMax || name === undefined || version === undefined || rest.length > 0) {
    throw invalid(text, "it needs exactly three parts, group:name:version");
  }
  if (!groupPattern.test(group ?? "")) {
    throw invalid(text, `group "${group}" needs two or more dotted lower-case parts`);
  }
  if (!namePattern.test(name)) {
    throw invalid(text, `name "${name}" may hold lower-case letters, digits and single hyphens`);
  }
  if (semver.valid(version) !== version) {
    throw invalid(text, `version "${version}" is not a semantic version such as 1.0.0`);
  }
  return { group: group ?? "", name, version };
}

function invalid(text: string, reason: string): AetherError {
  return new AetherError(
    "COORDINATES_INVALID",
    `"${text.slice(0, textMax)}" is not an artifact: ${reason}`,
  );
}

/** `group:name:version`. */
export function formatCoordinates(coordinates: Coordinates): string {
  return `${coordinates.group}:${coordinates.name}:${coordinates.version}`;
}

/** `group:name`, the same for all versions of an artifact. */
export function artifactBase(coordinates: Coordinates | string): string {
  const parsed = typeof coordinates === "string" ? parseCoordinates(coordinates) : coordinates;
  return `${parsed.group}:${parsed.name}`;
}

/** The path of a file of this artifact in a Maven-style repository, without a leading slash. */
export function repositoryPath(coordinates: Coordinates, extension = "slice"): string {
  const { group, name, version } = coordinates;
  return `${group.replaceAll(".", "/")}/${name}/${version}/${name}-${version}.${extension}`;
}

/** The coordinates that a repository path names, with the file's name; undefined when malformed. */
export function parseRepositoryPath(
  path: string,
): { coordinates: Coordinates; file: string } | undefined {
  const parts = path.split("/");
  const file = parts.pop();
  const version = parts.pop();
  const name = parts.pop();
  if (file === undefined || version === undefined || name === undefined) return undefined;
  // A dot would join two groups, so that two paths named the same artifact.
  if (parts.some((part) => part.includes("."))) return undefined;
  try {
    const coordinates = parseCoordinates(`${parts.join(".")}:${name}:${version}`);
    return file.startsWith(`${name}-${version}`) ? { coordinates, file } : undefined;
  } catch {
    // Not an artifact's path; the caller answers 404.
    return undefined;
  }
}

/**
 * Whether a version lies in a range such as `^1.0.0`; a pre-release only matches by its own text.
 */
export function satisfies(version: string, range: string): boolean {
  return version === range || semver.satisfies(version, range);
}

/** Whether the text is a version range. */
export function isVersionRange(text: string): boolean {
  return semver.validRange(text) !== null;
}

/** Orders versions, oldest first. */
export function compareVersions(a: string, b: string): number {
  return semver.compareBuild(a, b);
}
