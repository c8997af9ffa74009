/**
 * Rules about contracts: where they stand, and how what they name is called.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import {
  baseName,
  isCallOf,
  isTestFile,
  type LintRule,
  literalText,
  propertyName,
  valueOf,
} from "./rule.ts";

const contractFile: LintRule = {
  name: "contract-file",
  summary: "A contract is exported from a file named contract.ts.",
  reason: "Other slices may import nothing but contract.ts, so they could not call this one.",
  create(context) {
    if (isTestFile(context)) return {};
    return {
      CallExpression(node) {
        if (!isCallOf(node, "contract")) return;
        if (baseName(context) !== "contract.ts") {
          context.report({
            node: node.callee,
            message: "This contract cannot be imported by other slices",
            hint: "Move it to contract.ts beside slice.toml, and import it from there",
          });
          return;
        }
        const declaration = node.parent.type === "VariableDeclarator"
          ? node.parent.parent
          : undefined;
        if (declaration?.parent.type === "ExportNamedDeclaration") return;
        context.report({
          node: node.callee,
          message: "This contract is not exported",
          hint: "Write `export const NAME = contract(...)`",
        });
      },
    };
  },
};

const naming: LintRule = {
  name: "naming",
  summary: "Contracts are group:name, methods camelCase, error codes UPPER_CASE, paths kebab-case.",
  reason: "Callers, routes, logs and metrics show these names; one form for all reads as one.",
  create(context) {
    const check = (node: Deno.lint.Node, pattern: RegExp, what: string, hint: string) => {
      const name = propertyName(node);
      if (name === undefined || pattern.test(name)) return;
      context.report({ node, message: `${what} "${name}" has an unusual form`, hint });
    };
    return {
      CallExpression(node) {
        if (!isCallOf(node, "contract")) return;
        const [name, methods, options] = node.arguments;
        if (name !== undefined && literalText(name) !== undefined) {
          check(
            name,
            /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+:[a-z0-9]+(-[a-z0-9]+)*$/,
            "The contract",
            "Write group:name like the artifact in slice.toml, for example org.example:orders",
          );
        }
        for (const key of keysOf(methods)) {
          check(key, /^[a-z][A-Za-z0-9]*$/, "The method", "Write camelCase, e.g. placeOrder");
        }
        for (const key of keysOf(valueOf(options, "errors"))) {
          check(key, /^[A-Z][A-Z0-9_]*$/, "The error", "Write UPPER_CASE, e.g. SOLD_OUT");
        }
      },
      'CallExpression[callee.name="method"] Property[key.name="http"]'(
        node: Deno.lint.Property,
      ) {
        const route = literalText(node.value);
        const path = route?.split(" ")[1] ?? "";
        const odd = path.split("/").find((part) => !part.startsWith(":") && /[A-Z_]/.test(part));
        if (odd === undefined) return;
        context.report({
          node: node.value,
          message: `The path "${path}" has an unusual form`,
          hint: `Write "${odd}" in lower case with hyphens`,
        });
      },
    };
  },
};

function keysOf(node: Deno.lint.Node | undefined): Deno.lint.Node[] {
  if (node?.type !== "ObjectExpression") return [];
  return node.properties.flatMap((each) => each.type === "Property" ? [each.key] : []);
}

/** See the module. */
export const contractRules: readonly LintRule[] = [contractFile, naming];
