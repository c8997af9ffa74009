/**
 * Rule: nothing in the tree knows the machine it was written on: no paths of a developer's home, no
 * host names of package registries.
 *
 * @module
 */
import { type Finding, lineAt, type SourceFile } from "./source.ts";

const machine = "a path of one machine";
const registry = "the host of a registry";

// The brackets keep the rule from finding itself.
const patterns: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w./~$}-])\/(?:roo[t]|wor[k]|Use[r]s)(?![\w-])[\w/.-]*/g, machine],
  [/(?<![\w./~$}-])\/ho[m]e\/[a-z][\w/.-]*/g, machine],
  [/\/tm[p]\/(?:bash|boot)[\w/.-]*/g, machine],
  [/\b[A-Z]:\\+Use[r]s\b/g, machine],
  [/\bregistry[.](?:npmjs[.]org|yarnpkg[.]com)\b/g, registry],
  [/\b(?:npm[.])?jsr[.]io\b/g, registry],
  [/\b(?:esm[.]sh|unpkg[.]com|cdn[.]jsdelivr[.]net|deno[.]land\/(?:x|std))\b/g, registry],
  // A lock file names the address of a package only when it came from a private mirror.
  [/"tarball": *"https?:[^"]*"/g, registry],
];

/** Findings for every such text in every file. */
export function checkMachines(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path, text }) =>
    patterns.flatMap(([pattern, what]) =>
      [...text.matchAll(pattern)].map((match) => ({
        path,
        line: lineAt(text, match.index),
        message: `${match[0]} is ${what}: make it relative, configurable or leave it out`,
      }))
    )
  );
}
