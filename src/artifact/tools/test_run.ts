/**
 * Runs the tests of a slice's folder with the Deno CLI that aether brings, without network.
 *
 * Tests get the permissions of slice.toml and may read the slice's folder, so that a missing
 * permission shows here and not first in the cluster. `aether slice test` calls it.
 *
 * @module
 */
import { join } from "node:path";
import { AetherError } from "../../base/errors.ts";
import type { Permissions } from "../../protocol/slice/manifest.ts";
import { toolEnvironment, withToolFolder } from "./deno_tool.ts";
import { listSliceFiles } from "../slice_folder.ts";
import { readSliceToml } from "../slice_toml.ts";

/** What Deno takes for a test. */
const testPattern = /(?:^|\/)(?:[^/]*[_.])?test\.(?:tsx?|mts|jsx?|mjs)$/;

/** Options of {@link runSliceTests}. */
export interface SliceTestOptions {
  /** Path of the Deno program; undefined where there is none, as in a compiled binary. */
  readonly denoPath: string | undefined;
  /** Path of the packed SDK, see `sdkFiles()`. */
  readonly sdkPath?: string | undefined;
  /** Runs only tests whose name contains this, or matches it between slashes. */
  readonly filter?: string | undefined;
  readonly color?: boolean;
  readonly signal?: AbortSignal;
  /** Gets what the tests print, in pieces. */
  print(text: Uint8Array): Promise<void>;
}

/**
 * Runs the tests of a slice; whether all passed.
 *
 * @throws {AetherError} SLICE_INVALID for a wrong slice.toml or a folder without tests; NOT_BUILT
 * in a form of aether without the Deno CLI.
 */
export async function runSliceTests(dir: string, options: SliceTestOptions): Promise<boolean> {
  const { denoPath, sdkPath, filter, color = false, signal } = options;
  const { permissions } = await readSliceToml(dir);
  if (denoPath === undefined) {
    throw new AetherError("NOT_BUILT", "This form of aether has no test runner", {
      hint: "Run `deno test` in the slice's folder",
    });
  }
  const tests = (await listSliceFiles(dir)).filter(({ path }) => testPattern.test(path));
  if (tests.length === 0) {
    throw new AetherError("SLICE_INVALID", `The folder "${dir}" has no test`, {
      hint: 'Write one in mod_test.ts with testSlice() or testCluster() from "aether"',
    });
  }
  return await withToolFolder(dir, sdkPath, async ({ root, config }) => {
    const child = new Deno.Command(denoPath, {
      args: [
        "test",
        "--quiet",
        "--no-prompt",
        "--no-remote",
        "--no-npm",
        "--no-lock",
        "--config",
        config,
        ...permissionFlags(permissions, root),
        ...(filter === undefined ? [] : [`--filter=${filter}`]),
        ...tests.map(({ path }) => join(root, path)),
      ],
      cwd: root,
      env: { ...toolEnvironment, ...(color ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }) },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(signal === undefined ? {} : { signal }),
    }).spawn();
    await Promise.all([child.stdout, child.stderr].map(async (stream) => {
      for await (const piece of stream) await options.print(piece);
    }));
    return (await child.status).success;
  });
}

/** The permissions of a slice.toml as flags of `deno test`. */
export function permissionFlags(permissions: Permissions, root: string): string[] {
  const { read = [], ...others } = permissions;
  return [
    `--allow-read=${[root, ...read].join(",")}`,
    ...Object.entries(others).flatMap(([kind, names]) =>
      names === undefined || names.length === 0 ? [] : [`--allow-${kind}=${names.join(",")}`]
    ),
  ];
}
