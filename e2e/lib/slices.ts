/**
 * Small slices written by tests.
 *
 * @module
 */
import type { World } from "./world.ts";

/** What a test's slice is made of. */
export interface SliceText {
  readonly name: string;
  /** @default {"1.0.0"} */
  readonly version?: string;
  /** More of slice.toml, such as `[permissions]`. */
  readonly toml?: string;
  /** Properties of the object of methods, as in `contract()`. */
  readonly methods: string;
  /** Statements of `create` before it returns; `instance` is its second argument. */
  readonly setup?: string;
  /** Properties of the object that `create` returns. */
  readonly handlers: string;
}

/** Writes a slice's folder into the world and returns its path. */
export async function writeSlice(world: World, text: SliceText): Promise<string> {
  const { name, version = "1.0.0", toml = "", methods, setup = "", handlers } = text;
  const folder = `${name}-${version}`;
  const artifact = `artifact = "org.example:${name}:${version}"\n`;
  await world.write(`${folder}/slice.toml`, `${artifact}${toml}`);
  const module = `import { contract, method, slice, z } from "aether";
const it = contract("org.example:${name}", { ${methods} });
export default slice(it, {
  create: (_handles, instance) => {
    ${setup}
    return { ${handlers} };
  },
});
`;
  await world.write(`${folder}/mod.ts`, module);
  return world.path(folder);
}
