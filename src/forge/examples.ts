/**
 * The example app: from the checkout it is built like any folder of slices; the packaged program
 * brings it ready built.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSlice } from "../artifact/build.ts";
import { openSlice } from "../artifact/package.ts";
import { assert } from "../base/assert.ts";
import { AetherError } from "../base/errors.ts";
import { entryUrl, form } from "../io/entry.ts";
import type { DevBuild } from "./dev_build.ts";
import { sliceTools } from "./tools.ts";
import { readWorkspace } from "./workspace.ts";

const blueprintFile = "blueprint.toml";

/** The folder of the example slices; undefined in a packaged program. */
export function examplesFolder(): string | undefined {
  return form() === "source" ? fileURLToPath(new URL("../../slices", import.meta.url)) : undefined;
}

/**
 * The example app as files for a package: built slices and `blueprint.toml`, by name. The build of
 * the program lays them beside its modules.
 *
 * @throws {AetherError} the first error of a build
 */
export async function buildExamples(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const folder = examplesFolder();
  assert(folder !== undefined, "The example app is built from the checkout");
  const { slices, blueprint } = await readWorkspace(folder);
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    [blueprintFile]: new TextEncoder().encode(blueprint),
  };
  for (const { dir } of slices) {
    const { fileName, bytes } = await buildSlice(dir, { ...sliceTools(), check: false });
    files[fileName] = bytes;
  }
  return files;
}

/** The example app of a packaged program, which lies beside its modules. */
export async function packagedExamples(): Promise<DevBuild> {
  return await readExamples(dirname(fileURLToPath(entryUrl("shell"))));
}

/**
 * What {@link buildExamples} made, in a folder.
 *
 * @throws {AetherError} FILE_UNREADABLE when the program was packaged without them
 */
export async function readExamples(folder: string): Promise<DevBuild> {
  try {
    const blueprint = await Deno.readTextFile(join(folder, blueprintFile));
    const names: string[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith(".slice")) names.push(name);
    }
    const artifacts = await Promise.all(
      names.sort().map(async (name) => {
        const bytes = await Deno.readFile(join(folder, name));
        const { artifact, definition } = openSlice(bytes).manifest;
        return { artifact, bytes, methods: definition.methods, warnings: [] };
      }),
    );
    return { artifacts, blueprint };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new AetherError("FILE_UNREADABLE", "This program was packaged without the example app", {
      hint: "Make a slice with `aether slice new hello` and run `aether dev hello`",
    });
  }
}
