/**
 * What a row of the error catalogue is; see `error_catalog.ts`.
 *
 * @module
 */

/** One row of the catalogue. */
export interface ErrorInfo {
  /** Stable number, shown to users, e.g. `E1001`. */
  readonly code: string;
  /** HTTP status of the problem document. */
  readonly status: number;
  /** What happened, in a few words. */
  readonly title: string;
  /** What to do next. */
  readonly hint: string;
}

/** Makes a row. */
export function row(code: string, status: number, title: string, hint: string): ErrorInfo {
  return { code, status, title, hint };
}
