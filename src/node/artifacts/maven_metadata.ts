/**
 * `maven-metadata.xml` of an artifact, made from the files that there are: it never lists a version
 * that is gone, and the same files give the same bytes.
 *
 * @module
 */
import { escapeXml } from "../../base/text/xml.ts";
import type { ArtifactName } from "../../protocol/storage/repository_path.ts";

/** A version and when its last file came. */
export interface ListedVersion {
  readonly version: string;
  readonly storedAtMs: number;
}

/** The text, for versions in the order in which they were stored. */
export function mavenMetadata(
  { group, name }: ArtifactName,
  versions: readonly ListedVersion[],
): string {
  const names = versions.map(({ version }) => version);
  const latest = names.at(-1) ?? "";
  const release = names.findLast((version) => !version.endsWith("-SNAPSHOT")) ?? "";
  const updatedAtMs = Math.max(0, ...versions.map(({ storedAtMs }) => storedAtMs));
  const updated = new Date(updatedAtMs).toISOString().replaceAll(/[-T:]/g, "").slice(0, 14);
  const line = (element: string, text: string, depth: number) =>
    `${"  ".repeat(depth)}<${element}>${escapeXml(text)}</${element}>\n`;
  return '<?xml version="1.0" encoding="UTF-8"?>\n<metadata>\n' +
    line("groupId", group, 1) + line("artifactId", name, 1) +
    "  <versioning>\n" +
    line("latest", latest, 2) + line("release", release, 2) +
    "    <versions>\n" +
    names.map((version) => line("version", version, 3)).join("") +
    "    </versions>\n" +
    line("lastUpdated", updated, 2) +
    "  </versioning>\n</metadata>\n";
}
