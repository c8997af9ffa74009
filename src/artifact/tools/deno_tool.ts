/**
 * Runs a tool of the Deno CLI on a slice's folder, without network.
 *
 * The SDK is always this aether's own. A deno.json that `aether slice new` wrote, in the slice's
 * folder or above, decides about everything else; without one, the SDK is unpacked beside a
 * temporary one. `type_check.ts` and `test_run.ts` call it.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { restoreSdk, sdkImports, writeSdk } from "../sdk_files.ts";

const configNames = ["deno.json", "deno.jsonc"];

/** A slice's folder as tools get it. */
export interface ToolFolder {
  /** The folder, without links. */
  readonly root: string;
  /** Path of the deno.json. */
  readonly config: string;
}

/** Finds or makes the configuration of a slice's folder, and runs with it. */
export async function withToolFolder<T>(
  dir: string,
  sdkPath: string | undefined,
  run: (folder: ToolFolder) => Promise<T>,
): Promise<T> {
  const root = await Deno.realPath(dir);
  const config = await findConfig(root);
  if (config !== undefined) {
    await restoreSdk(dirname(config), sdkPath);
    return await run({ root, config });
  }
  const temporary = await Deno.makeTempDir({ prefix: "aether-tool-" });
  try {
    await writeSdk(temporary, sdkPath);
    const path = join(temporary, "deno.json");
    await Deno.writeTextFile(path, JSON.stringify({ imports: sdkImports, lock: false }));
    return await run({ root, config: path });
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** What the environment of a tool is like, whatever the user's is. */
export const toolEnvironment: Readonly<Record<string, string>> = { DENO_NO_UPDATE_CHECK: "1" };

/** The nearest configuration, upwards, that takes "aether" from `.aether/sdk`. */
async function findConfig(root: string): Promise<string | undefined> {
  for (let dir = root;; dir = dirname(dir)) {
    for (const name of configNames) {
      try {
        const text = await Deno.readTextFile(join(dir, name));
        if (text.includes(`"${sdkImports.aether}"`)) return join(dir, name);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    if (dirname(dir) === dir) return undefined;
  }
}
