/**
 * The rule about permissions: what the code uses, slice.toml must ask for.
 *
 * The opposite, what slice.toml asks for and no file uses, is checked by `tools/lint_run.ts`, which
 * sees all files.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import { ends, isTestFile, type LintRule, literalText } from "./rule.ts";

/** Functions of Deno by the permission that they need. */
const denoFunctions: Readonly<Record<string, RegExp>> = {
  read: /^(read|open|stat|lstat|realPath|watchFs)/,
  write: /^(write|create|mkdir|remove|rename|copyFile|link|symlink|truncate|chmod|chown|makeTemp)/,
  net: /^(connect|listen|serve|resolveDns|createHttpClient|startTls)/,
  run: /^(Command|kill)$/,
  ffi: /^dlopen$/,
  sys: /^(hostname|osRelease|osUptime|loadavg|networkInterfaces|systemMemoryInfo|uid|gid)$/,
};

/** Other names by the permission that they need. */
const otherNames: Readonly<Record<string, RegExp>> = {
  // http() sends redirects to the hosts of the slice only.
  net: /\b(?:fetch|WebSocket|EventSource|http)\s*\(/,
  env: /\bDeno\.env\b|\bprocess\.env\b/,
};

/** Whether a module seems to use a permission; when in doubt, it does. */
export function seemsToUse(kind: string, text: string): boolean {
  // A module of Node can need anything.
  if (/["']node:(?!assert|path|url|util|events|buffer)/.test(text)) return true;
  if (otherNames[kind]?.test(text)) return true;
  return [...text.matchAll(/\bDeno\.(\w+)/g)].some(([, name = ""]) =>
    denoFunctions[kind]?.test(name)
  );
}

/** A use of something that needs a permission. */
interface Use {
  readonly kind: string;
  /** The host or the variable, when it is written down. */
  readonly name: string | undefined;
}

const permissionMissing: LintRule = {
  name: "permission-missing",
  summary: "What the code reaches for stands under [permissions] of slice.toml.",
  reason: "Nothing is granted by default: in the cluster the call is denied.",
  create(context, facts) {
    if (facts === undefined || isTestFile(context)) return {};
    const check = (node: Deno.lint.CallExpression | Deno.lint.NewExpression) => {
      const use = useOf(node);
      if (use === undefined) return;
      const granted = facts.permissions[use.kind] ?? [];
      if (use.name === undefined ? granted.length > 0 : isGranted(use.kind, use.name, granted)) {
        return;
      }
      const names = [...granted, use.name ?? "..."].map((name) => `"${name}"`).join(", ");
      context.report({
        node: node.callee,
        message: `slice.toml does not grant ${use.kind}${
          use.name === undefined ? "" : ` "${use.name}"`
        }`,
        hint: `Write ${use.kind} = [${names}] under [permissions] in slice.toml`,
      });
    };
    return { CallExpression: check, NewExpression: check };
  },
};

function isGranted(kind: string, name: string, granted: readonly string[]): boolean {
  if (granted.includes(name)) return true;
  // A host without a port stands for all its ports.
  return kind === "net" && granted.includes(name.replace(/:\d+$/, ""));
}

function useOf({ callee, arguments: given }: {
  readonly callee: Deno.lint.Node;
  readonly arguments: readonly Deno.lint.Node[];
}): Use | undefined {
  const name = ends(callee);
  if (name === undefined) return undefined;
  if (["fetch", "WebSocket", "EventSource"].includes(name.first)) {
    return { kind: "net", name: hostOf(literalText(given[0])) };
  }
  if (name.first !== "Deno" || callee.type !== "MemberExpression") return undefined;
  if (callee.object.type === "MemberExpression") {
    const isEnv = ends(callee.object)?.last === "env";
    return isEnv ? { kind: "env", name: literalText(given[0]) } : undefined;
  }
  for (const [kind, pattern] of Object.entries(denoFunctions)) {
    if (pattern.test(name.last)) return { kind, name: undefined };
  }
  return undefined;
}

function hostOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (/^(https|wss):$/.test(protocol) ? "443" : "80")}`;
}

/** See the module. */
export const permissionRules: readonly LintRule[] = [permissionMissing];
