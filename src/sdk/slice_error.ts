/**
 * {@link SliceError}: an error that a slice answers on purpose.
 *
 * Its code, message and data reach the caller, over HTTP as a problem document and between slices
 * as the same class. Every other throw is a failure of the slice: the caller sees a 500 without
 * details, the log has them.
 *
 * @module
 */
import { type SliceProblem, sliceProblemType } from "../protocol/slice/problem.ts";

/** Options of {@link SliceError}. */
export interface SliceErrorOptions {
  /** HTTP status, 400-599. @default {400} */
  readonly status?: number;
  /** JSON data for the caller. */
  readonly data?: unknown;
  readonly cause?: unknown;
}

/**
 * An error with a code that callers can handle.
 *
 * @example
 * ```ts
 * import { SliceError } from "aether";
 * const error = new SliceError("LINK_NOT_FOUND", 'No link "x"', { status: 404 });
 * console.assert(error.status === 404);
 * ```
 */
export class SliceError extends Error {
  override readonly name = "SliceError";
  readonly code: string;
  readonly status: number;
  readonly data: unknown;

  /**
   * @throws {RangeError} when the status is not that of an HTTP error.
   */
  constructor(code: string, message: string, options: SliceErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    const status = options.status ?? 400;
    if (!isErrorStatus(status)) {
      throw new RangeError(`SliceError ${code} has status ${status}: choose 400 to 599`);
    }
    this.code = code;
    this.status = status;
    this.data = options.data;
  }

  /** The problem document that is sent to callers. */
  toProblem(): SliceProblem {
    return {
      type: sliceProblemType + this.code,
      title: this.code,
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(this.data === undefined ? {} : { data: this.data }),
    };
  }

  /** The error of a problem document, or undefined when it is not a slice's. */
  static fromProblem(problem: unknown): SliceError | undefined {
    if (typeof problem !== "object" || problem === null) return undefined;
    const { type, status, detail, code, data } = problem as Partial<SliceProblem>;
    if (typeof type !== "string" || !type.startsWith(sliceProblemType)) return undefined;
    // It may come from another slice, which can write what it likes.
    const known = isErrorStatus(status) ? status : 500;
    return new SliceError(String(code), String(detail), { status: known, data });
  }
}

function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
}
