/**
 * Says what a denied permission needs: the line of slice.toml that would allow it, and where in the
 * slice it was asked for.
 *
 * @module
 */
import type { Permissions } from "../../protocol/slice/manifest.ts";

/** A permission that a slice was denied. */
export interface Denial {
  readonly artifact: string;
  /** For example `env "HOME"`. */
  readonly denied: string;
  /** Where in the slice's module, `slice.js:LINE:COLUMN`; undefined when the stack does not say. */
  readonly at: string | undefined;
  /** The line of slice.toml that would allow it. */
  readonly allow: string;
}

const kinds = ["net", "read", "write", "env", "sys", "run", "ffi"] as const;
type Kind = typeof kinds[number];

const deniedPattern = /Requires (\w+) access(?: to "?([^"]*)"?)?, run again/;
// The module's URL says nothing to people.
const framePattern = /(?:slice:module|blob:[^\s)]*?):(\d+):(\d+)\)?/;

/**
 * The denial that the text of an error and its stack tells of.
 *
 * @example
 * ```ts
 * import { denialOf } from "./denial.ts";
 * const text = 'Requires env access to "HOME", run again with the --allow-env flag';
 * const denial = denialOf(text, "org.example:echo:1.0.0", { env: ["TZ"] });
 * console.assert(denial?.allow === '[permissions] env = ["TZ", "HOME"]');
 * ```
 */
export function denialOf(
  text: string,
  artifact: string,
  granted: Permissions,
): Denial | undefined {
  const [, kind, name] = deniedPattern.exec(text) ?? [];
  if (!isKind(kind)) return undefined;
  const all = [...granted[kind] ?? [], ...(name === undefined ? [] : [name])];
  const [, line, column] = framePattern.exec(text) ?? [];
  return {
    artifact,
    denied: name === undefined ? kind : `${kind} "${name}"`,
    at: line === undefined ? undefined : `slice.js:${line}:${column}`,
    allow: `[permissions] ${kind} = [${all.map((each) => JSON.stringify(each)).join(", ")}]`,
  };
}

/** The denial as one sentence. */
export function denialText({ artifact, denied, at, allow }: Denial): string {
  const place = at === undefined ? "" : ` at ${at}`;
  return `${artifact} was denied ${denied}${place}: write ${allow} in slice.toml to ask for it`;
}

function isKind(kind: string | undefined): kind is Kind {
  return (kinds as readonly (string | undefined)[]).includes(kind);
}
