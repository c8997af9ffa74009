/**
 * Decides what one identifier in a syntax tree is: a use of a global name, the declaration of a
 * local name that hides it, or only a label such as a property name. Called by `outline.ts`.
 *
 * @module
 */

/** A node of any type: the walk goes by shape, and the types do not name every field. */
// deno-lint-ignore no-explicit-any
export type Node = any;

/** One use of a watched global name that no local declaration hides. */
export interface Use {
  readonly name: string;
  /**
   * How it is used: `name` alone, `name.member`, `name()` for a call, `new name()` and
   * `new name(...)` for construction without and with arguments, `type` in a type, `test` on the
   * right of `instanceof`.
   */
  readonly form: string;
  readonly offset: number;
  readonly line: number;
}

/** Names that some rule wants to know about. */
const watched = new Set([
  "AbortSignal",
  "BroadcastChannel",
  "Buffer",
  "Date",
  "Deno",
  "EventSource",
  "Math",
  "MessageChannel",
  "WebSocket",
  "Worker",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "global",
  "globalThis",
  "localStorage",
  "navigator",
  "performance",
  "process",
  "queueMicrotask",
  "self",
  "sessionStorage",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "window",
]);

type Found =
  | { readonly kind: "binding"; readonly scope: readonly [number, number] }
  | { readonly kind: "use"; readonly form: string };

/** What a watched identifier is; undefined for any other name and for mere labels. */
export function useOf(node: Node): Found | undefined {
  if (!watched.has(node.name) || isLabel(node)) return undefined;
  const scope = bindingScope(node);
  if (scope !== undefined) return { kind: "binding", scope };
  return { kind: "use", form: formOf(node) };
}

function isAt(node: Node, slot: Node): boolean {
  return slot !== null && slot !== undefined && slot.range[0] === node.range[0] &&
    slot.range[1] === node.range[1];
}

function isLabel(node: Node): boolean {
  const parent = node.parent;
  switch (parent.type) {
    case "MemberExpression":
      return !parent.computed && isAt(node, parent.property);
    case "Property":
      return !parent.computed && !parent.shorthand && isAt(node, parent.key);
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
    case "TSAbstractMethodDefinition":
    case "TSAbstractPropertyDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return !parent.computed && isAt(node, parent.key);
    case "ImportSpecifier":
      return !isAt(node, parent.local);
    case "ExportSpecifier":
      return parent.parent.source !== null || !isAt(node, parent.local);
    case "TSQualifiedName":
      return isAt(node, parent.right);
    case "TSEnumMember":
      return isAt(node, parent.id);
    case "TSFunctionType":
    case "TSConstructorType":
    case "TSCallSignatureDeclaration":
    case "TSConstructSignatureDeclaration":
    case "TSNamedTupleMember":
    case "TSImportType":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "MetaProperty":
    case "ImportAttribute":
      return true;
    default:
      return false;
  }
}

/** The range in which an identifier's declaration is visible, or undefined for a plain use. */
function bindingScope(node: Node): [number, number] | undefined {
  let child = node;
  let parent = node.parent;
  // Climb out of a destructuring pattern; a default value in it is a use, not a declaration.
  while (isPattern(parent)) {
    if (parent.type === "AssignmentPattern" && isAt(child, parent.right)) return undefined;
    child = parent;
    parent = parent.parent;
  }
  switch (parent.type) {
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
      return enclosing(parent, ["Program"]);
    case "VariableDeclarator":
      return isAt(child, parent.id) ? enclosing(parent, blocks) : undefined;
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSEnumDeclaration":
      if (isAt(child, parent.id)) return enclosing(parent.parent, blocks);
      return isParameter(child, parent) ? parent.range : undefined;
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return isAt(child, parent.id) || isParameter(child, parent) ? parent.range : undefined;
    case "TSParameterProperty":
      return parent.parent.range;
    case "CatchClause":
      return isAt(child, parent.param) ? parent.range : undefined;
    case "TSTypeParameter":
      return isAt(child, parent.name) ? parent.parent.parent.range : undefined;
    default:
      return undefined;
  }
}

const blocks = [
  "BlockStatement",
  "Program",
  "ForStatement",
  "ForOfStatement",
  "ForInStatement",
  "SwitchStatement",
  "StaticBlock",
  "TSModuleBlock",
];

function isPattern(node: Node): boolean {
  return ["ObjectPattern", "ArrayPattern", "AssignmentPattern", "RestElement"].includes(
    node.type,
  ) || node.type === "Property" && node.parent.type === "ObjectPattern";
}

function isParameter(child: Node, parent: Node): boolean {
  return parent.params?.some((parameter: Node) => isAt(child, parameter)) ?? false;
}

function enclosing(node: Node, types: string[]): [number, number] {
  let current = node;
  while (!types.includes(current.type)) current = current.parent;
  return current.type === "Program" ? [0, Infinity] : current.range;
}

function formOf(node: Node): string {
  const { name, parent } = node;
  if (parent.type === "MemberExpression") {
    return parent.computed ? name : `${name}.${parent.property.name}`;
  }
  if (parent.type === "TSQualifiedName") return `${name}.${parent.right.name}`;
  if (parent.type === "NewExpression" && isAt(node, parent.callee)) {
    return parent.arguments.length === 0 ? `new ${name}()` : `new ${name}(...)`;
  }
  if (parent.type === "CallExpression" && isAt(node, parent.callee)) return `${name}()`;
  if (parent.type === "BinaryExpression" && parent.operator === "instanceof") return "test";
  if (parent.type.startsWith("TS") && !/^TS(As|Satisfies|NonNull)/.test(parent.type)) return "type";
  return name;
}
