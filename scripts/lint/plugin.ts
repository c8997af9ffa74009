/**
 * Lint rules of this repository, loaded by `deno lint` through deno.json.
 *
 * They check what one file shows by itself; rules about the whole tree (layers, cycles, sizes of
 * files) are tests, see tests/tidy_test.ts. The reasons behind the rules stand in docs/style.md.
 *
 * @module
 */
/// <reference lib="deno.unstable" />

const functionLinesMax = 70;

/** Errors whose message people read, with the position of the message among the arguments. */
const messagePositions = new Map([
  ["Error", 0],
  ["InvariantError", 0],
  ["RangeError", 0],
  ["SyntaxError", 0],
  ["TypeError", 0],
  ["AetherError", 1],
]);

/** `private` is a promise of the types only; `#name` is private when the program runs. */
function noPrivateKeyword(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const message = "`private` is erased when the program runs: use #name";
  return {
    MethodDefinition(node) {
      // A private constructor has no # form.
      if (node.accessibility !== "private" || node.kind === "constructor") return;
      context.report({ node, message });
    },
    PropertyDefinition(node) {
      if (node.accessibility === "private") context.report({ node, message });
    },
    TSParameterProperty(node) {
      // The tree of Deno 2.9 leaves `accessibility` of parameters empty.
      if (!context.sourceCode.getText(node).startsWith("private ")) return;
      context.report({ node, message });
    },
  };
}

/** Exported functions read alike and can be used above the line that declares them. */
function functionDeclaration(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  return {
    "ExportNamedDeclaration > VariableDeclaration > VariableDeclarator"(
      node: Deno.lint.VariableDeclarator,
    ) {
      const type = node.init?.type;
      if (type !== "ArrowFunctionExpression" && type !== "FunctionExpression") return;
      context.report({ node, message: "Write an exported function as `export function name()`" });
    },
  };
}

/** Error messages are shown to people, in lists and after a colon: one form for all. */
function errorMessage(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  return {
    NewExpression(node) {
      if (node.callee.type !== "Identifier") return;
      const position = messagePositions.get(node.callee.name);
      const message = position === undefined ? undefined : node.arguments[position];
      if (message === undefined) return;
      // A first word with one of ./(_ is the name of a file, a path or a symbol, not a sentence.
      if (/^[a-z](?![^\s:]*[./(_])/.test(edgeText(message, "start"))) {
        context.report({ node: message, message: "Start the message with a capital letter" });
      }
      if (edgeText(message, "end").endsWith(".")) {
        context.report({ node: message, message: "End the message without a period" });
      }
    },
  };
}

/** The literal text at one end of an expression; empty when a value stands there. */
function edgeText(node: Deno.lint.Node, end: "start" | "end"): string {
  switch (node.type) {
    case "Literal":
      return typeof node.value === "string" ? node.value : "";
    case "TemplateLiteral":
      return node.quasis.at(end === "start" ? 0 : -1)?.cooked ?? "";
    case "BinaryExpression":
      return edgeText(end === "start" ? node.left : node.right, end);
    default:
      return "";
  }
}

/** `!` overrules the compiler, so it stands beside the reason why the value is there. */
function nonNullReason(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  // In a test, a wrong `!` fails the test, which is all that a reason could prevent.
  if (/_(test|bench)\.tsx?$/.test(context.filename)) return {};
  const { sourceCode } = context;
  const lineOf = lineIndex(sourceCode.text);
  let commented: Set<number> | undefined;
  return {
    TSNonNullExpression(node) {
      commented ??= new Set(sourceCode.getAllComments().map(({ range }) => lineOf(range[1])));
      const line = lineOf(node.range[1]);
      if (commented.has(line) || commented.has(line - 1)) return;
      const message = "Say in a comment why the value cannot be missing, or check it";
      context.report({ node, message });
    },
  };
}

/** A function that fits on a screen can be understood at once. Tests may tell a longer story. */
function functionSize(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  if (/_(test|bench)\.tsx?$/.test(context.filename)) return {};
  const lineOf = lineIndex(context.sourceCode.text);
  const check = (
    node:
      | Deno.lint.ArrowFunctionExpression
      | Deno.lint.FunctionDeclaration
      | Deno.lint.FunctionExpression,
  ) => {
    const lines = lineOf(node.range[1]) - lineOf(node.range[0]) + 1;
    if (lines <= functionLinesMax) return;
    const message =
      `${lines} lines; the limit for a function is ${functionLinesMax}: pull parts out`;
    context.report({ range: [node.range[0], node.range[0] + 1], message });
  };
  return {
    ArrowFunctionExpression: check,
    FunctionDeclaration: check,
    FunctionExpression: check,
  };
}

/** A function from offsets in a text to line numbers. */
function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return (offset) => {
    const next = starts.findIndex((start) => start > offset);
    return next === -1 ? starts.length : next;
  };
}

const plugin: Deno.lint.Plugin = {
  name: "aether",
  rules: {
    "no-private-keyword": { create: noPrivateKeyword },
    "function-declaration": { create: functionDeclaration },
    "error-message": { create: errorMessage },
    "non-null-reason": { create: nonNullReason },
    "function-size": { create: functionSize },
  },
};

export default plugin;
