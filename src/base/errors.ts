/**
 * {@link AetherError}: an expected failure with a number, a status and a hint.
 *
 * Every layer throws it; the API turns it into a problem document (RFC 9457), the CLI into text and
 * an exit code. It crosses threads and the wire as plain data. Bugs are `InvariantError`.
 *
 * @module
 */
import { errorCatalog, type ErrorName } from "./error_catalog.ts";

/** One of several problems in the same input. */
export interface Issue {
  /** Where: a path such as `slices[0].artifact`, or a flag. */
  readonly path: string;
  /** What is wrong with which value, and what would be right. */
  readonly message: string;
  /** Line in the input, from 1, where it is known. */
  readonly line?: number;
}

/** Options of {@link AetherError}. */
export interface AetherErrorOptions {
  /** All problems, when there are several. */
  readonly issues?: readonly Issue[];
  /** Replaces the catalogue's hint with one that fits better. */
  readonly hint?: string;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/** RFC 9457 problem document, also the form in which errors cross threads. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly name: string;
  readonly hint: string;
  readonly issues?: readonly Issue[];
  readonly requestId?: string;
}

/**
 * An expected failure.
 *
 * @example
 * ```ts
 * import { AetherError } from "./errors.ts";
 * const e = new AetherError("KEY_NOT_FOUND", 'Key "user/a" does not exist');
 * console.assert(e.status === 404 && e.code === "E3001");
 * ```
 */
export class AetherError extends Error {
  /** The name in the catalogue. */
  override readonly name: ErrorName;
  /** All problems, when there are several; else empty. */
  readonly issues: readonly Issue[];
  readonly #hint: string | undefined;

  constructor(name: ErrorName, message: string, options: AetherErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = name;
    this.issues = options.issues ?? [];
    this.#hint = options.hint;
  }

  /** The number, e.g. `E3001`. */
  get code(): string {
    return errorCatalog[this.name].code;
  }

  /** The HTTP status. */
  get status(): number {
    return errorCatalog[this.name].status;
  }

  /** What to do next. */
  get hint(): string {
    return this.#hint ?? errorCatalog[this.name].hint;
  }

  /** The problem document of this error. */
  toProblem(requestId?: string): Problem {
    return {
      type: `urn:aether:error:${this.code}`,
      title: errorCatalog[this.name].title,
      status: this.status,
      detail: this.message,
      code: this.code,
      name: this.name,
      hint: this.hint,
      ...(this.issues.length > 0 ? { issues: this.issues } : {}),
      ...(requestId === undefined ? {} : { requestId }),
    };
  }

  /** The error that a problem document describes; unknown names become `INTERNAL`. */
  static fromProblem(problem: Partial<Problem>): AetherError {
    const name = problem.name !== undefined && Object.hasOwn(errorCatalog, problem.name)
      ? problem.name as ErrorName
      : "INTERNAL";
    return new AetherError(name, problem.detail ?? problem.title ?? "Unknown error", {
      ...(problem.issues === undefined ? {} : { issues: problem.issues }),
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    });
  }
}

/** Any thrown value as an AetherError; what is not one becomes `INTERNAL` with its message. */
export function toAetherError(thrown: unknown): AetherError {
  if (thrown instanceof AetherError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AetherError("INTERNAL", message, { cause: thrown });
}
