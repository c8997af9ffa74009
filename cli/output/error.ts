/**
 * Errors as people and programs read them on standard error.
 *
 * @module
 */
import type { AetherError, Issue } from "../../src/base/errors.ts";
import type { Paint } from "./style.ts";
import { printable } from "./width.ts";

/**
 * An error as lines: what happened, every problem, what to do next.
 *
 * @example
 * ```ts
 * import { AetherError } from "../../src/base/errors.ts";
 * import { renderError } from "./error.ts";
 * const text = renderError(new AetherError("KEY_NOT_FOUND", 'Key "a" does not exist'), (t) => t);
 * console.assert(text.startsWith('error[E3001]: Key "a" does not exist\nhint: '));
 * ```
 */
export function renderError(error: AetherError, paint: Paint): string {
  const head = paint(`error[${error.code}]:`, "bad");
  // Messages of builds have several lines, which stay lines.
  const lines = error.message.split("\n").map(printable);
  const text = [`${head} ${lines.join("\n  ")}`, ...error.issues.map(issueLine)];
  return [...text, `${paint("hint:", "strong")} ${printable(error.hint)}`].join("\n") + "\n";
}

/** An error as one line of JSON: the problem document of the API. */
export function renderErrorJson(error: AetherError): string {
  return JSON.stringify(error.toProblem()) + "\n";
}

function issueLine({ path, message, line }: Issue): string {
  const place = line === undefined ? path : `${path} (line ${line})`.trim();
  const shown = message.split("\n").map(printable).join("\n    ");
  return `  ${place === "" ? "" : `${printable(place)}: `}${shown}`;
}
