/**
 * Rules about what handlers do: they wait for what they start, and fail in a way callers can read.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import {
  ends,
  isCallOf,
  isFunction,
  isTestFile,
  type LintRule,
  propertyName,
  valueOf,
} from "./rule.ts";

/** Functions of handles that answer at once. */
const immediate = new Set(["onChange"]);
/** Functions of Promise that answer a promise. */
const promising = new Set(["all", "allSettled", "any", "race", "try", "reject", "resolve"]);

const noFloatingPromises: LintRule = {
  name: "no-floating-promises",
  summary: "What a handler starts, it waits for.",
  reason: "The answer goes out before the work is done, its failure reaches nobody, and the " +
    "instance may end in between.",
  create(context) {
    const handles = new Set<string>();
    const asynchronous = new Set<string>();
    const candidates: { node: Deno.lint.CallExpression; first: string; isPlain: boolean }[] = [];
    const report = (node: Deno.lint.Node) =>
      context.report({
        node,
        message: "Nobody waits for this promise",
        hint: "Put `await` before it; for a call whose answer does not matter use " +
          "`await client.method.send(...)`",
      });
    return {
      CallExpression(node) {
        if (isCallOf(node, "slice")) noteHandles(valueOf(node.arguments[1], "create"), handles);
      },
      FunctionDeclaration(node) {
        if (node.async && node.id !== null) asynchronous.add(node.id.name);
      },
      VariableDeclarator(node) {
        const { id, init } = node;
        if (id.type !== "Identifier" || init === null) return;
        if (isFunction(init) && init.async) asynchronous.add(id.name);
      },
      ExpressionStatement({ expression }) {
        if (expression.type !== "CallExpression") return;
        const { callee } = expression;
        const last = callee.type === "MemberExpression" ? propertyName(callee.property) : undefined;
        if (last === "then" || last === "finally") {
          if (last === "finally" || expression.arguments.length < 2) report(expression);
          return;
        }
        if (
          last === "forEach" && expression.arguments.some((each) => isFunction(each) && each.async)
        ) {
          context.report({
            node: expression,
            message: "forEach() does not wait for its function",
            hint: "Write `for (const each of ...) await ...`, or `await Promise.all(...map(...))`",
          });
          return;
        }
        const name = ends(callee);
        if (name === undefined || immediate.has(name.last)) return;
        if (name.first === "Promise" ? promising.has(name.last) : name.first === "fetch") {
          report(expression);
          return;
        }
        candidates.push({
          node: expression,
          first: name.first,
          isPlain: callee.type === "Identifier",
        });
      },
      "Program:exit"() {
        for (const { node, first, isPlain } of candidates) {
          if (isPlain ? asynchronous.has(first) : handles.has(first)) report(node);
        }
      },
    };
  },
};

/** Names under which `create` has its handles. */
function noteHandles(create: Deno.lint.Node | undefined, handles: Set<string>): void {
  if (!isFunction(create)) return;
  const [first] = create.params;
  if (first?.type === "Identifier") handles.add(first.name);
  if (first?.type !== "ObjectPattern") return;
  for (const property of first.properties) {
    if (property.type === "Property" && property.value.type === "Identifier") {
      handles.add(property.value.name);
    }
  }
}

/** Errors that say nothing to a caller. */
const untyped = new Set(["Error", "TypeError", "RangeError", "SyntaxError", "AggregateError"]);

const typedErrors: LintRule = {
  name: "typed-errors",
  summary: "A handler fails with an error of its contract, or with a SliceError.",
  reason: "Every other error reaches the caller as a 500 without details, and counts as a " +
    "failure of the slice.",
  create(context) {
    if (isTestFile(context)) return {};
    return {
      ThrowStatement({ argument }) {
        const isUntyped = argument.type === "Literal" || argument.type === "TemplateLiteral" ||
          (argument.type === "NewExpression" && argument.callee.type === "Identifier" &&
            untyped.has(argument.callee.name));
        if (!isUntyped) return;
        context.report({
          node: argument,
          message: "Callers see this error as a 500 without details",
          hint: "Declare it under `errors` of the contract and throw CONTRACT.errors.CODE(...), " +
            "or throw a SliceError",
        });
      },
    };
  },
};

/** See the module. */
export const handlerRules: readonly LintRule[] = [noFloatingPromises, typedErrors];
