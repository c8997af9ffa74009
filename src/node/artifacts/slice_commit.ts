/**
 * What becomes visible together with the file of a slice: the record of its version.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { formatCoordinates, parseRepositoryPath } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { StagedFile } from "../../protocol/storage/artifacts.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValue } from "../control/views.ts";

/** The record of a slice's version, written together with its file. */
export function sliceCommit(
  state: ReplicatedStore["state"],
  manifest: Manifest,
  { sha256, sizeBytes }: StagedFile,
): { readonly compare: readonly Compare[]; readonly then: readonly Operation[] } {
  const [group, name, version = ""] = manifest.artifact.split(":");
  const key = keys.artifact.key(`${group}:${name}`, version);
  const known = storedValue(state, keys.artifact, key);
  // Of a former release, or deleted and published again while nodes hold it.
  if (known !== undefined) requireSame(manifest.artifact, known.value.sha256, sha256);
  const value = { sha256, bytes: sizeBytes, holders: known?.value.holders ?? [], manifest };
  return {
    compare: [{ key, revision: known?.revision ?? 0 }],
    then: [keys.artifact.put(key, value)],
  };
}

/** Refuses other bytes than those that are published. */
export function requireSame(what: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new AetherError(
    "ARTIFACT_EXISTS",
    `"${what}" is already published with SHA-256 ${expected}, not ${actual}`,
  );
}

/** Refuses a slice whose path is that of another one. */
export function requireSamePath({ artifact }: Manifest, path: string): void {
  const coordinates = parseRepositoryPath(path)?.coordinates;
  const expected = coordinates && formatCoordinates(coordinates);
  if (artifact === expected) return;
  throw new AetherError(
    "ARTIFACT_INVALID",
    `The slice is ${artifact}, but its path "${path}" is that of another artifact`,
    { hint: "Publish it with `aether slice publish`, which knows the path" },
  );
}
