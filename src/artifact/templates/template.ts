/**
 * What a template of `aether slice new` is: the files that differ from kind to kind.
 *
 * @module
 */

/** How a new slice is called in its files. */
export interface TemplateNames {
  /** `group:name`. */
  readonly base: string;
  readonly name: string;
  /** Identifier of the contract, e.g. `urlShortenerContract`. */
  readonly constant: string;
}

/** A kind of slice. */
export interface Template {
  /** What it is, in a few words. */
  readonly summary: string;
  contract(names: TemplateNames): string;
  module(names: TemplateNames): string;
  test(names: TemplateNames): string;
  /** Lines of a shell that show it at work, from another terminal. */
  tryLines(names: TemplateNames): readonly string[];
}

/** The head of contract.ts. */
export function contractHead({ name }: TemplateNames, imports: string): string {
  return `/**
 * What ${name} offers; other slices import this file to call it.
 *
 * @module
 */
import { ${imports} } from "aether";
`;
}

/** The head of mod.ts. */
export function moduleHead(imports: string, own: string): string {
  return `/**
 * The code behind the contract.
 *
 * @module
 */
import { ${imports} } from "aether";
import { ${own} } from "./contract.ts";
`;
}
