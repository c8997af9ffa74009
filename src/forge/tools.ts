/**
 * What builds of slices need in the form in which aether runs.
 *
 * The commands that build a slice and `aether dev` call it.
 *
 * @module
 */
import type { SliceTools } from "../artifact/build.ts";
import { buildInfo, denoPath, esbuildPath, sdkPath } from "../io/entry.ts";
import { describeSlice } from "../sandbox/describe.ts";

/** The tools of this program, for `buildSlice()`. */
export function sliceTools(): SliceTools {
  return {
    describe: describeSlice,
    builtWith: buildInfo().version,
    esbuildPath: esbuildPath(),
    denoPath: denoPath(),
    sdkPath: sdkPath(),
  };
}
