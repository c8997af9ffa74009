/**
 * The problem document of an error that a slice answers on purpose (RFC 9457).
 *
 * @module
 */

/** Start of the `type` of every such document; the error's code follows. */
export const sliceProblemType = "urn:aether:slice-error:";

/** See `SliceError` in the SDK. */
export interface SliceProblem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly data?: unknown;
}
