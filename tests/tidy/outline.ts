/**
 * The outline of a module: imports, exports, uses of global names, taken from the real syntax tree.
 *
 * The parser is the one that `deno lint` uses, reached through `Deno.lint.runPlugin`, which exists
 * only under `deno test`. Strings, comments and templates can therefore never look like code.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import type { SourceFile } from "./source.ts";
import { lineAt } from "./source.ts";
import { type Node, type Use, useOf } from "./uses.ts";

/** One import, re-export, dynamic import or type import. */
export interface Import {
  readonly specifier: string;
  /** Imported names; `*` stands for all of them. */
  readonly names: readonly string[];
  readonly line: number;
}

/** One exported name. */
export interface Export {
  readonly name: string;
  /** The name inside the module, when it differs. */
  readonly local: string;
  /** Types and classes are part of the signatures of their own module; values are not. */
  readonly kind: "type" | "class" | "value";
  readonly line: number;
}

/** What the rules want to know about a module. */
export interface Outline {
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** Uses of the watched global names. */
  readonly uses: readonly Use[];
  /** How often each identifier occurs, declarations and uses alike. */
  readonly counts: ReadonlyMap<string, number>;
  /** True when the module has a function with a body or does something when imported. */
  readonly hasLogic: boolean;
  /** Why the parser refused the module, if it did. */
  readonly syntaxError: string | undefined;
}

const cache = new WeakMap<SourceFile, Outline>();

/** The outline of a file; parsed once per file object. */
export function outlineOf(file: SourceFile): Outline {
  const known = cache.get(file);
  if (known !== undefined) return known;
  const outline = parse(file);
  cache.set(file, outline);
  return outline;
}

function parse(file: SourceFile): Outline {
  const collector = new Collector(file.text);
  const rule: Deno.lint.Rule = { create: () => collector.visitor() };
  try {
    Deno.lint.runPlugin({ name: "outline", rules: { collect: rule } }, file.path, file.text);
    return collector.finish(undefined);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return collector.finish(error.message);
  }
}

/** Gathers the outline while the linter walks the tree. */
class Collector {
  readonly #text: string;
  readonly #imports: Import[] = [];
  readonly #exports: Export[] = [];
  readonly #counts = new Map<string, number>();
  readonly #uses: Use[] = [];
  readonly #bindings: { name: string; from: number; to: number }[] = [];
  #hasLogic = false;

  constructor(text: string) {
    this.#text = text;
  }

  visitor(): Deno.lint.LintVisitor {
    return {
      ImportDeclaration: (node) => this.#import(node, node.specifiers.map(importedName)),
      ImportExpression: (node) => this.#import(node, ["*"]),
      TSImportType: (node: Node) => this.#import(node, ["*"]),
      ExportAllDeclaration: (node: Node) => this.#exportAll(node),
      ExportNamedDeclaration: (node: Node) => this.#exportNamed(node),
      ExportDefaultDeclaration: (node: Node) =>
        this.#export("default", node.declaration?.id?.name ?? "default", "value", node),
      FunctionDeclaration: () => this.#hasLogic = true,
      FunctionExpression: () => this.#hasLogic = true,
      ArrowFunctionExpression: () => this.#hasLogic = true,
      "Program > ExpressionStatement": () => this.#hasLogic = true,
      Identifier: (node) => this.#identifier(node),
    };
  }

  finish(syntaxError: string | undefined): Outline {
    const isBound = (use: Use) =>
      this.#bindings.some((b) => b.name === use.name && b.from <= use.offset && use.offset < b.to);
    return {
      imports: this.#imports,
      exports: this.#exports,
      uses: this.#uses.filter((use) => !isBound(use)),
      counts: this.#counts,
      hasLogic: this.#hasLogic,
      syntaxError,
    };
  }

  #line(node: Node): number {
    return lineAt(this.#text, node.range[0]);
  }

  #import(node: Node, names: string[]): void {
    const specifier = node.source?.value ?? node.argument?.literal?.value ?? node.argument?.value;
    // A computed specifier is the business of the code that computes it.
    if (typeof specifier !== "string") return;
    this.#imports.push({ specifier, names, line: this.#line(node) });
  }

  #export(name: string, local: string, kind: Export["kind"], node: Node): void {
    this.#exports.push({ name, local, kind, line: this.#line(node) });
  }

  #exportAll(node: Node): void {
    this.#import(node, ["*"]);
    if (node.exported !== null) this.#export(nameOf(node.exported), "*", "value", node);
  }

  #exportNamed(node: Node): void {
    const specifiers: Node[] = node.specifiers;
    if (node.source !== null) this.#import(node, specifiers.map((s) => nameOf(s.local)));
    for (const specifier of specifiers) {
      const kind = node.exportKind === "type" ? "type" : "value";
      this.#export(nameOf(specifier.exported), nameOf(specifier.local), kind, specifier);
    }
    for (const [name, kind] of declaredNames(node.declaration)) {
      this.#export(name, name, kind, node);
    }
  }

  #identifier(node: Deno.lint.Identifier): void {
    this.#counts.set(node.name, (this.#counts.get(node.name) ?? 0) + 1);
    const found = useOf(node);
    if (found === undefined) return;
    if (found.kind === "binding") {
      this.#bindings.push({ name: node.name, from: found.scope[0], to: found.scope[1] });
      return;
    }
    const offset = node.range[0];
    // The linter visits the name of a shorthand property twice: as key and as value.
    if (this.#uses.some((use) => use.offset === offset)) return;
    this.#uses.push({ name: node.name, form: found.form, offset, line: this.#line(node) });
  }
}

function nameOf(node: Node): string {
  return node.name ?? node.value;
}

function importedName(node: Node): string {
  if (node.type === "ImportDefaultSpecifier") return "default";
  if (node.type === "ImportNamespaceSpecifier") return "*";
  return nameOf(node.imported);
}

function declaredNames(declaration: Node): [string, Export["kind"]][] {
  switch (declaration?.type) {
    case undefined:
      return [];
    case "VariableDeclaration":
      return declaration.declarations.flatMap((d: Node) => patternNames(d.id))
        .map((name: string) => [name, "value"]);
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return [[declaration.id.name, "type"]];
    case "ClassDeclaration":
      return [[declaration.id.name, "class"]];
    default:
      return [[nameOf(declaration.id), "value"]];
  }
}

function patternNames(pattern: Node): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((p: Node) => patternNames(p.value ?? p.argument));
    case "ArrayPattern":
      return pattern.elements.flatMap((element: Node) => patternNames(element));
    case "AssignmentPattern":
      return patternNames(pattern.left);
    case "RestElement":
      return patternNames(pattern.argument);
    default:
      return [];
  }
}
