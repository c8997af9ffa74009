/**
 * Keeps a slice's module from importing anything: what it needs is inside it.
 *
 * Permissions do not cover Node's modules and npm, and a named import of a built-in module escapes
 * every replacement that `harden.ts` makes (measured). The builder refuses such imports; this is
 * for modules that were not made by it. Installed once per worker; only the shell calls it.
 *
 * @module
 */
import { registerHooks } from "node:module";

/** See {@link fenceImports}. */
export interface ImportFence {
  /**
   * Names what a module imports statically, without running it.
   *
   * @throws what the engine throws when the module cannot be parsed or linked.
   */
  staticImports(source: Uint8Array): Promise<readonly string[]>;
  /** Lets this URL be imported from now on. */
  allow(url: string): void;
}

/**
 * Refuses every import of this worker from now on, except of URLs that were allowed.
 *
 * A dynamic import rejects with `Deno.errors.NotCapable`. A static import of a built-in module
 * cannot be stopped by a hook, only noticed: hence {@link ImportFence.staticImports}.
 */
export function fenceImports(): ImportFence {
  const allowed = new Set<string>();
  let noticed: string[] = [];
  registerHooks({
    resolve(specifier, context, next) {
      if (allowed.has(specifier)) return next(specifier, context);
      noticed.push(specifier);
      throw new Deno.errors.NotCapable(`Import of "${specifier}" is not available in a slice`);
    },
  });
  return {
    async staticImports(source) {
      noticed = [];
      // Imports are resolved before the first statement runs, and that one ends the module.
      const probe = new Blob(["throw null;\n", new Uint8Array(source)], { type });
      const url = URL.createObjectURL(probe);
      allowed.add(url);
      try {
        await import(url);
      } catch (error) {
        if (error !== null && noticed.length === 0) throw error;
      } finally {
        allowed.delete(url);
        URL.revokeObjectURL(url);
      }
      return noticed;
    },
    allow: (url) => {
      allowed.add(url);
    },
  };
}

const type = "text/javascript";
