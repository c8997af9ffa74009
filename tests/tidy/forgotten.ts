/**
 * Rule: no notes to oneself in the tree: they belong into the issue tracker.
 *
 * @module
 */
import { type Finding, lineAt, type SourceFile } from "./source.ts";

// Written so that the rule does not find itself.
const marks = /\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/g;

/** Findings for every mark in every text file. */
export function checkForgotten(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(marks)].map((match) => ({
      path,
      line: lineAt(text, match.index),
      message: `${match[0]}: do it now, or open an issue and remove the mark`,
    }))
  );
}
