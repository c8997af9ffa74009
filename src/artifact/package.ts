/**
 * The `.slice` file: a zip archive of a manifest and one bundled module.
 *
 * Packing is deterministic, opening trusts nothing. What the manifest means is checked by
 * `src/protocol/slice/manifest.ts`. The slice builder packs; the repository, `aether slice inspect`
 * and the nodes that load a slice open.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { assert } from "../base/assert.ts";
import { AetherError } from "../base/errors.ts";
import { limits } from "../protocol/limits.ts";
import { type CheckedManifest, checkManifest, type Manifest } from "../protocol/slice/manifest.ts";
import { checksumsOf } from "./checksums.ts";
import { openZip, writeZip, type ZipEntry } from "./zip.ts";

/** Largest number of files in an artifact. */
const entriesMax = 64;
const manifestName = "manifest.json";

/** What goes into a `.slice` file. */
export interface SliceContents {
  /** Its `sha256` must be that of the module. */
  readonly manifest: Manifest;
  /** The bundled module, JavaScript in UTF-8. */
  readonly module: Uint8Array;
  /** Source map of the module. */
  readonly sourceMap?: Uint8Array;
  /** Text of README.md. */
  readonly readme?: string;
}

/** An opened `.slice` file. */
export interface OpenedSlice extends CheckedManifest {
  /** The bundled module. */
  readonly module: Uint8Array<ArrayBuffer>;
}

/** SHA-256 in lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Packs a slice; equal contents give equal bytes.
 *
 * @throws {AetherError} ARTIFACT_TOO_LARGE when it exceeds a limit of `limits`.
 */
export function packSlice(contents: SliceContents): Uint8Array<ArrayBuffer> {
  const { manifest, module, sourceMap, readme } = contents;
  assert(manifest.sha256 === sha256(module), "The manifest describes another module");
  const encoder = new TextEncoder();
  const text = encoder.encode(JSON.stringify(manifest, null, 2) + "\n");
  checkSize("manifest", text.length, limits.manifestBytes);
  checkSize("module", module.length, limits.bundleBytes);
  const bytes = writeZip({
    [manifestName]: text,
    [manifest.entry]: module,
    ...(sourceMap === undefined ? {} : { [`${manifest.entry}.map`]: sourceMap }),
    ...(readme === undefined ? {} : { "README.md": encoder.encode(readme) }),
  });
  checkSize("artifact", bytes.length, limits.artifactBytes);
  return bytes;
}

/**
 * Opens a slice: checks sizes before it unpacks, then the manifest, then the module's SHA-256.
 *
 * @throws {AetherError} ARTIFACT_TOO_LARGE, ARTIFACT_INVALID or ENVELOPE_UNSUPPORTED; nothing else,
 * whatever the bytes are.
 */
export function openSlice(bytes: Uint8Array): OpenedSlice {
  const { checked, file } = openDirectory(bytes);
  const module = file.read();
  checkModule(checked.manifest, sha256(module));
  return { ...checked, module };
}

/** As {@link openSlice}, in many turns of the event loop: a large slice takes a second. */
export async function openSliceInTurns(bytes: Uint8Array): Promise<OpenedSlice> {
  const { checked, file } = openDirectory(bytes);
  const module = await file.readInTurns();
  checkModule(checked.manifest, (await checksumsOf(module)).sha256);
  return { ...checked, module };
}

function openDirectory(bytes: Uint8Array): { checked: CheckedManifest; file: ZipEntry } {
  checkSize("artifact", bytes.length, limits.artifactBytes);
  const entries = openZip(bytes, { entriesMax, totalBytes: limits.artifactBytes });
  const text = find(entries, manifestName);
  checkSize("manifest", text.sizeBytes, limits.manifestBytes);
  const checked = checkManifest(parseJson(text.read()));
  const file = find(entries, checked.manifest.entry);
  checkSize("module", file.sizeBytes, limits.bundleBytes);
  return { checked, file };
}

function checkModule({ entry, sha256: expected }: Manifest, actual: string): void {
  if (actual === expected) return;
  throw new AetherError(
    "ARTIFACT_INVALID",
    `The module "${entry}" has SHA-256 ${actual}, but the manifest says ${expected}`,
  );
}

function find(entries: readonly ZipEntry[], name: string): ZipEntry {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  throw new AetherError("ARTIFACT_INVALID", `The artifact has no file "${name}"`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("ARTIFACT_INVALID", `The manifest is not JSON: ${reason}`, {
      cause: error,
    });
  }
}

function checkSize(what: string, sizeBytes: number, limitBytes: number): void {
  if (sizeBytes <= limitBytes) return;
  throw new AetherError(
    "ARTIFACT_TOO_LARGE",
    `The ${what} has ${sizeBytes} bytes; the limit is ${limitBytes}`,
    { hint: `Keep the ${what} within ${limitBytes} bytes` },
  );
}
