/**
 * What a need for a resource is: a description, which the shell turns into a handle.
 *
 * The handle talks to the node, so that credentials and connections never enter the sandbox.
 *
 * @module
 */
import type { z } from "zod";

/** Declares a need for a resource; `Handle` is what `create` receives. */
export interface ResourceSpec<Handle> {
  readonly kind: "resource";
  /** The resource's type, e.g. `kv`. */
  readonly type: string;
  /** Options of this need; plain JSON. `section` names the section of the node's configuration. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Schema of the values that pass through the handle, where there is one. */
  readonly schema: z.ZodType | undefined;
  /** Carries the handle's type; never set. */
  readonly handle?: Handle;
}

const sectionPattern = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * The options of a need that is configured in `[resources.<section>]` of the node's file.
 *
 * @throws {TypeError} when the name is none.
 */
export function sectionOptions(maker: string, section: string): { readonly section: string } {
  if (sectionPattern.test(section)) return { section };
  throw new TypeError(
    `${maker}() has section "${section}": write 1 to 63 of a-z, 0-9 and -, e.g. "payments"`,
  );
}
