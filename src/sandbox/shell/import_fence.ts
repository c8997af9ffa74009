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
  /** Runs a module, which stack traces call `slice:module`; once per worker. */
  import(source: Uint8Array): Promise<Record<string, unknown>>;
}

/** What stack traces call the module of the slice. */
const sliceModuleUrl = "slice:module";
const probeUrl = "slice:probe";

/**
 * Refuses every import of this worker from now on, except of the sources that are given to it.
 *
 * They are handed to the engine by a hook: a blob would stay in the process when the worker ends.
 * A dynamic import rejects with `Deno.errors.NotCapable`. A static import of a built-in module
 * cannot be stopped by a hook, only noticed: hence {@link ImportFence.staticImports}.
 */
export function fenceImports(): ImportFence {
  // Compared without any method: slices may replace those of Map and Set.
  let given: { readonly url: string; readonly source: string } | undefined;
  let noticed: string[] = [];
  registerHooks({
    resolve(specifier) {
      if (given !== undefined && specifier === given.url) {
        return { url: specifier, format: "module", shortCircuit: true };
      }
      noticed.push(specifier);
      throw new Deno.errors.NotCapable(`Import of "${specifier}" is not available in a slice`);
    },
    load(url, context, next) {
      if (given === undefined || url !== given.url) return next(url, context);
      const { source } = given;
      given = undefined;
      return { format: "module", source, shortCircuit: true };
    },
  });
  return {
    async staticImports(source) {
      noticed = [];
      // Imports are resolved before the first statement runs, and that one ends the module.
      given = { url: probeUrl, source: `throw null;\n${decoder.decode(source)}` };
      try {
        await import(probeUrl);
      } catch (error) {
        if (error !== null && noticed.length === 0) throw error;
      }
      return noticed;
    },
    import(source) {
      given = { url: sliceModuleUrl, source: decoder.decode(source) };
      return import(sliceModuleUrl);
    },
  };
}

const decoder = new TextDecoder();
