/**
 * Lint rules for slices, as a plugin of `deno lint`.
 *
 * `aether slice lint` loads it with what slice.toml says; editors and a plain `deno lint` load the
 * copy in `.aether/sdk`, which knows the files only. docs/reference/lint.md is made from the rules.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import { contractRules } from "./contract_rules.ts";
import { handlerRules } from "./handler_rules.ts";
import { moduleRules } from "./module_rules.ts";
import { permissionRules } from "./permission_rules.ts";
import type { LintRule, SliceFacts } from "./rule.ts";

/** Name of the plugin, before the slash in the names of rules. */
export const pluginName = "aether-slice";

/** All rules, in the order of the documentation. */
export const lintRules: readonly LintRule[] = [
  ...contractRules,
  ...moduleRules,
  ...handlerRules,
  ...permissionRules,
];

/** The plugin, with or without knowledge of slice.toml. */
export function slicePlugin(facts?: SliceFacts): Deno.lint.Plugin {
  return {
    name: pluginName,
    rules: Object.fromEntries(
      lintRules.map((rule) => [rule.name, { create: (context) => rule.create(context, facts) }]),
    ),
  };
}

const plugin: Deno.lint.Plugin = slicePlugin();

export default plugin;
