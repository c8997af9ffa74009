/**
 * What a lint rule for slices is: what it says, and its check.
 *
 * The modules of this folder import nothing but each other, because they are also unpacked beside a
 * slice, where editors and `deno lint` load them.
 *
 * @module
 */
/// <reference lib="deno.unstable" />

/** What a rule may know besides the file. */
export interface SliceFacts {
  /** Names by kind under `[permissions]` of slice.toml. */
  readonly permissions: Readonly<Record<string, readonly string[]>>;
}

/** One rule. */
export interface LintRule {
  /** Its name after `aether-slice/`. */
  readonly name: string;
  /** What it asks for, as one sentence. */
  readonly summary: string;
  /** What goes wrong otherwise. */
  readonly reason: string;
  /** Looks at one file. */
  create(context: Deno.lint.RuleContext, facts: SliceFacts | undefined): Deno.lint.LintVisitor;
}

/** Whether a file is a test, where a slice is only used. */
export function isTestFile({ filename }: Deno.lint.RuleContext): boolean {
  return /[._]test\.[a-z]+$/.test(filename) || /\/test\.[a-z]+$/.test(filename);
}

/** The name of the file without its folder. */
export function baseName({ filename }: Deno.lint.RuleContext): string {
  return filename.replace(/^.*[/\\]/, "");
}

/** A call of a function by its plain name. */
export function isCallOf(node: Deno.lint.Node, name: string): node is Deno.lint.CallExpression {
  return node.type === "CallExpression" && node.callee.type === "Identifier" &&
    node.callee.name === name;
}

/** The text of a literal string; undefined for everything else. */
export function literalText(node: Deno.lint.Node | undefined): string | undefined {
  return node?.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

/** Name of a property that is written as a name or a literal. */
export function propertyName(node: Deno.lint.Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  return literalText(node);
}

/** The value of a property of an object literal. */
export function valueOf(
  object: Deno.lint.Node | undefined,
  name: string,
): Deno.lint.Node | undefined {
  if (object?.type !== "ObjectExpression") return undefined;
  for (const property of object.properties) {
    if (property.type === "Property" && propertyName(property.key) === name) return property.value;
  }
  return undefined;
}

/** `a` and `b` of `a.x.b`; undefined when it does not begin with a name. */
export function ends(
  node: Deno.lint.Node,
): { readonly first: string; readonly last: string } | undefined {
  let last: string | undefined;
  let at = node;
  while (at.type === "MemberExpression") {
    last ??= propertyName(at.property);
    at = at.object;
  }
  if (at.type !== "Identifier") return undefined;
  return { first: at.name, last: last ?? at.name };
}

type FunctionNode =
  | Deno.lint.ArrowFunctionExpression
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression;

/** Whether a node is a function of any form. */
export function isFunction(node: Deno.lint.Node | undefined): node is FunctionNode {
  return node?.type === "ArrowFunctionExpression" || node?.type === "FunctionDeclaration" ||
    node?.type === "FunctionExpression";
}

/** Whether a node runs when its module is loaded. */
export function isTopLevel(node: Deno.lint.Node): boolean {
  for (let at = parentOf(node); at !== undefined; at = parentOf(at)) {
    if (isFunction(at) || at.type === "PropertyDefinition") return false;
  }
  return true;
}

function parentOf(node: Deno.lint.Node): Deno.lint.Node | undefined {
  return (node as { readonly parent?: Deno.lint.Node | null }).parent ?? undefined;
}
