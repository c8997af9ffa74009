/**
 * Rules about the module of a slice: loading it does nothing, and it keeps nothing.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import { baseName, ends, isTestFile, isTopLevel, type LintRule } from "./rule.ts";

/** What depends on the moment or reaches outside. */
const effects = new Set([
  "fetch",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
  "Deno",
  "Date.now",
  "Math.random",
  "crypto",
  "performance",
  "Worker",
  "WebSocket",
  "Date",
]);

const noTopLevelEffects: LintRule = {
  name: "no-top-level-effects",
  summary: "Loading a module only declares things.",
  reason: "A build loads the module without permissions to describe it, and every node loads it " +
    "again: work at the top level fails there or happens at the wrong time.",
  create(context) {
    if (isTestFile(context)) return {};
    const hint = "Do it in create(), or in the handler that needs it";
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({ node, message: `${what} when the module is loaded`, hint });
    const check = (node: Deno.lint.CallExpression | Deno.lint.NewExpression) => {
      const name = ends(node.callee);
      if (name === undefined || !isTopLevel(node)) return;
      const full = `${name.first}.${name.last}`;
      const isEffect = effects.has(full) ||
        effects.has(name.first) && (name.first !== "Date" || node.type === "NewExpression");
      // A date that is written down is the same every time.
      if (name.first === "Date" && node.arguments.length > 0) return;
      if (isEffect) report(node, `${context.sourceCode.getText(node.callee)} runs`);
    };
    return {
      Program(node) {
        for (const statement of node.body) {
          if (!isRunning(statement)) continue;
          const text = context.sourceCode.getText(statement).split("\n")[0];
          report(statement, `"${text}" runs`);
        }
      },
      AwaitExpression(node) {
        // Under an expression statement it is reported already.
        if (isTopLevel(node) && node.parent.type !== "ExpressionStatement") {
          report(node, "This waits");
        }
      },
      CallExpression: (node) => {
        if (node.parent.type !== "ExpressionStatement") check(node);
      },
      NewExpression: check,
    };
  },
};

/** Whether a statement of a module does more than to declare. */
function isRunning(node: Deno.lint.Statement | Deno.lint.Node): boolean {
  switch (node.type) {
    case "ExpressionStatement":
      return node.expression.type !== "Literal";
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "WhileStatement":
    case "DoWhileStatement":
    case "IfStatement":
    case "SwitchStatement":
    case "TryStatement":
    case "ThrowStatement":
    case "BlockStatement":
      return true;
    default:
      return false;
  }
}

const noModuleState: LintRule = {
  name: "no-module-state",
  summary: "A slice keeps no variables outside of create().",
  reason: "Every instance has variables of its own, which end with it: what one instance counts, " +
    "the others do not see.",
  create(context) {
    if (isTestFile(context)) return {};
    return {
      VariableDeclaration(node) {
        const { parent } = node;
        const isOfModule = parent.type === "Program" || parent.type === "ExportNamedDeclaration";
        if (!isOfModule || node.kind === "const") return;
        context.report({
          node,
          message: "This variable is neither shared by instances nor kept",
          hint: "Keep it in kv(), or make it a const; what one instance may keep for itself " +
            "belongs into create()",
        });
      },
    };
  },
};

const noComputedImport: LintRule = {
  name: "no-computed-import",
  summary: "Imports name their module.",
  reason: "A slice is bundled into one module: what is imported under a name that only the " +
    "running program knows is not in it.",
  create(context) {
    return {
      ImportExpression(node) {
        if (node.source.type === "Literal") return;
        context.report({
          node,
          message: "The name of this import is computed",
          hint: "Import every module by name at the top of the file, and choose among them",
        });
      },
    };
  },
};

const useLog: LintRule = {
  name: "use-log",
  summary: "Lines go to the log of the call or the instance, not to the console.",
  reason: "Only they carry the level, the fields and the id of the request.",
  create(context) {
    if (isTestFile(context) || baseName(context).startsWith("cli")) return {};
    return {
      'CallExpression > MemberExpression[object.name="console"]'(node: Deno.lint.Node) {
        context.report({
          node,
          message: "The console knows nothing of the call",
          hint: "Write call.log.info(message, fields), or instance.log in create()",
        });
      },
    };
  },
};

/** See the module. */
export const moduleRules: readonly LintRule[] = [
  noTopLevelEffects,
  noModuleState,
  noComputedImport,
  useLog,
];
