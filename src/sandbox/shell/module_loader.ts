/**
 * Loads a slice's module from its bytes.
 *
 * Always by dynamic import, never as a main module or by file URL: as those it could read any local
 * file (measured).
 *
 * @module
 */
import * as aether from "../../../mod.ts";
import * as zod from "zod";
import { AetherError } from "../../base/errors.ts";
import { isSliceDefinition } from "../../sdk/describe.ts";
import { sdkGlobalName } from "../../sdk/global_name.ts";
import type { SliceDefinition } from "../../sdk/slice.ts";
import type { ImportFence } from "./import_fence.ts";

/** Makes the SDK available to bundles, which import it through this global. */
export function provideSdk(): void {
  Object.defineProperty(globalThis, Symbol.for(sdkGlobalName), {
    value: Object.freeze({ aether, zod }),
  });
}

/**
 * Imports a bundled module and takes its slice definition.
 *
 * @param fence That of this worker; without one the module may import what the permissions allow.
 * @throws {AetherError} SLICE_INVALID when it fails to load, imports anything or exports no slice.
 */
export async function loadSlice(
  module: Uint8Array,
  fence?: ImportFence,
): Promise<SliceDefinition> {
  let exports: { default?: unknown };
  try {
    const imports = await fence?.staticImports(module) ?? [];
    if (imports.length > 0) {
      throw new TypeError(`Imports are refused: ${imports.map((name) => `"${name}"`).join(", ")}`);
    }
    exports = await (fence?.import(module) ?? importBlob(module));
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new AetherError("SLICE_INVALID", `The slice's module failed to load: ${message}`, {
      hint: "Top-level code runs without any permission when a slice is built; move it to create()",
      cause: error,
    });
  }
  if (isSliceDefinition(exports.default)) return exports.default;
  throw new AetherError(
    "SLICE_INVALID",
    "The slice's module has no slice as its default export: write `export default slice(...)`",
  );
}

async function importBlob(module: Uint8Array): Promise<Record<string, unknown>> {
  const blob = new Blob([new Uint8Array(module)], { type: "text/javascript" });
  const url = URL.createObjectURL(blob);
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
